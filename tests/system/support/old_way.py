# SPDX-License-Identifier: MIT
"""The way that rollcall takes the place of: Route 53, and the Lambda function that writes to it.

Written down once more from what such a function does, so that rollcall can be held against it.
"""

import socketserver
import struct
import threading

import botocore.exceptions
import dns.flags
import dns.message
import dns.rcode
import dns.rrset

OLD_TTL = 10


def old_values(ec2, group):
    """What the old function put into the record of a group."""
    answer = ec2.describe_instances(Filters=[
        {"Name": "tag:aws:autoscaling:groupName", "Values": [group]},
        {"Name": "instance-state-name", "Values": ["running"]}])
    values = []
    for reservation in answer["Reservations"]:
        for instance in reservation["Instances"]:
            tags = {tag["Key"]: tag["Value"] for tag in instance["Tags"]}
            address = tags.get("ip_address") or instance.get("PrivateIpAddress")
            weight = tags.get("srv_weight")
            if weight and address:
                values.append(f"0 {weight} 443 {address}")
    return values


def old_record(ec2, group, owner):
    """The record as Route 53 serves it: the last word of a value is a domain name."""
    return dns.rrset.from_text_list(owner + ".", OLD_TTL, "IN", "SRV",
                                    [value + "." for value in old_values(ec2, group)])


def wire(rrset):
    """Owner, type, class, TTL and octets of each record, in one order."""
    return sorted((rrset.name.to_text(), rrset.rdtype, rrset.rdclass, rrset.ttl,
                   rdata.to_wire()) for rdata in rrset)


def old_wire(ec2, group, owner):
    return wire(old_record(ec2, group, owner))


def create_tags(ec2, ids, **tags):
    ec2.create_tags(Resources=ids, Tags=[{"Key": key, "Value": value}
                                         for key, value in tags.items()])


class OldFunction:
    """The Lambda function and the rule that starts it, once per event, each in a thread."""

    DRAIN_S = 1

    def __init__(self, aws, group):
        self.aws = aws
        self.group = group
        self.is_enabled = True   # the rule
        self.heard = set()       # (id, state) of events that are over, function or no function
        self.errors = []         # what completing said when somebody else was faster
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self._deliver, daemon=True)]

    def __enter__(self):
        self.threads[0].start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join()

    def _deliver(self):
        actions = {"Pending:Wait": self._launch, "Terminating:Wait": self._terminate}
        while not self.ended.wait(0.05):
            for instance, state in self.aws.lifecycle_states(self.group).items():
                if state not in actions or (instance, state) in self.heard:
                    continue
                self.heard.add((instance, state))
                if self.is_enabled:
                    self.threads.append(threading.Thread(target=actions[state], args=(instance,)))
                    self.threads[-1].start()

    def _launch(self, instance):
        ec2 = self.aws.boto3_client("ec2")
        create_tags(ec2, [instance], srv_weight="65535")
        ((found,),) = [each["Instances"] for each in ec2.describe_instances(
            InstanceIds=[instance])["Reservations"]]
        create_tags(ec2, [instance], ip_address=found["PrivateIpAddress"])
        self._complete("srvCreation", instance)

    def _terminate(self, instance):
        ec2 = self.aws.boto3_client("ec2")
        create_tags(ec2, [instance], srv_weight="0")
        self.ended.wait(self.DRAIN_S)
        ec2.delete_tags(Resources=[instance], Tags=[{"Key": "srv_weight"}])
        self._complete("srvTermination", instance)

    def _complete(self, name, instance):
        try:
            self.aws.boto3_client("autoscaling").complete_lifecycle_action(
                LifecycleHookName=name, AutoScalingGroupName=self.group, InstanceId=instance,
                LifecycleActionResult="CONTINUE")
        except botocore.exceptions.ClientError as error:
            self.errors.append(error.response["Error"]["Message"])


class OldZone(socketserver.ThreadingTCPServer):
    """Stands in for Route 53: answers SRV over TCP with the records that it was given."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), OldZoneHandler)
        self.records = {}  # owner -> rrset

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class OldZoneHandler(socketserver.StreamRequestHandler):
    def handle(self):
        while head := self.rfile.read(2):
            query = dns.message.from_wire(self.rfile.read(struct.unpack("!H", head)[0]))
            answer = dns.message.make_response(query)
            answer.flags |= dns.flags.AA
            found = self.server.records.get(query.question[0].name.to_text())
            if found is None:
                answer.set_rcode(dns.rcode.NXDOMAIN)
            else:
                answer.answer.append(found)
            octets = answer.to_wire(max_size=65535)
            self.wfile.write(struct.pack("!H", len(octets)) + octets)
