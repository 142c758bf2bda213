# SPDX-License-Identifier: MIT
"""What EventBridge, SNS and Auto Scaling tell a queue about changes, when a test has switched it
on. The content is as AWS documents it: "AWS service events" of the EventBridge reference, "Use
lifecycle hooks" of the Auto Scaling guide, and "Amazon SNS message formats"."""

import json
import time
import uuid
from dataclasses import dataclass

from .autoscaling_model import LAUNCHING
from .autoscaling_xml import arn

KINDS = ("tags", "states", "lifecycle")
SHAPES = ("eventbridge", "sns", "asg-direct")
GARBAGE = 'no JSON \u2603 {"detail-type": '


@dataclass(frozen=True)
class Order:
    """Where the events go, and how."""

    queue: str
    delay_ms: float = 50      # EventBridge is typically within half a second
    kinds: tuple = KINDS
    shape: str = "eventbridge"
    copies: int = 1
    reorder: bool = False     # each second event takes three times as long

    def __post_init__(self):
        if self.shape not in SHAPES:
            raise ValueError(f"shape {self.shape!r} is none of {', '.join(SHAPES)}")
        if set(self.kinds) - set(KINDS):
            raise ValueError(f"kinds {self.kinds} are not all of {', '.join(KINDS)}")


class Events:
    def __init__(self, world):
        self._world = world
        self.order = None  # None: nothing is told
        self._count = 0

    # -- what the fleet and the groups call

    def tags_changed(self, instance, keys):
        if self._wants("tags"):
            self._send(tag_change(self._world, instance, keys))

    def state_changed(self, instance):
        if self._wants("states"):
            self._send(state_change(self._world, instance))

    def lifecycle_began(self, group, member, action):
        if not self._wants("lifecycle"):
            return
        if self.order.shape == "asg-direct":
            self._send(asg_direct(self._world, group, member, action))
        else:
            self._send(lifecycle(self._world, group, member, action))

    def _wants(self, kind):
        return self.order is not None and kind in self.order.kinds

    def _send(self, event):
        order, queue = self.order, self._world.queues.find(self.order.queue)
        if queue is None:
            return  # EventBridge, too, gives up on a target that is not there
        self._count += 1
        delay_s = order.delay_ms / 1000
        if order.reorder and self._count % 2:
            delay_s *= 3
        body = json.dumps(event)
        if order.shape == "sns":
            body = json.dumps(sns(self._world, body))
        for _ in range(order.copies):
            queue.send(body, delay_s)


def now(world):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(world.clock.now_s()))


def envelope(world, source, detail_type, resources, detail):
    return {"version": "0", "id": str(uuid.uuid4()), "detail-type": detail_type, "source": source,
            "account": world.account, "time": now(world), "region": world.region,
            "resources": resources, "detail": detail}


def instance_arn(world, instance):
    return f"arn:aws:ec2:{world.region}:{world.account}:instance/{instance.id}"


def state_change(world, instance):
    return envelope(world, "aws.ec2", "EC2 Instance State-change Notification",
                    [instance_arn(world, instance)],
                    {"instance-id": instance.id, "state": str(instance.state)})


def tag_change(world, instance, keys):
    tags = {key: str(value) for key, value in instance.tags.items()}
    return envelope(world, "aws.tag", "Tag Change on Resource", [instance_arn(world, instance)],
                    {"changed-tag-keys": list(keys), "service": "ec2",
                     "resource-type": "instance", "version": len(keys), "tags": tags})


def journey(member, launching):
    """(from, to) of a lifecycle action."""
    if launching:
        pooled = "WarmPool" if member.in_pool else "AutoScalingGroup"
        return ("AutoScalingGroup" if member.returning else "EC2"), pooled
    return ("WarmPool" if member.in_pool else "AutoScalingGroup"), "EC2"


def action_fields(group, member, action):
    origin, destination = journey(member, action.hook.transition == LAUNCHING)
    fields = {"LifecycleActionToken": action.token, "AutoScalingGroupName": group.name,
              "LifecycleHookName": action.hook.name, "EC2InstanceId": member.id,
              "LifecycleTransition": action.hook.transition, "Origin": origin,
              "Destination": destination}
    if action.hook.metadata:
        fields["NotificationMetadata"] = action.hook.metadata
    return fields


def lifecycle(world, group, member, action):
    what = "launch" if action.hook.transition == LAUNCHING else "terminate"
    return envelope(world, "aws.autoscaling", f"EC2 Instance-{what} Lifecycle Action",
                    [arn(world, group)], action_fields(group, member, action))


def asg_direct(world, group, member, action):
    """As a hook with a notification target of its own sends it."""
    return {**action_fields(group, member, action), "Service": "AWS Auto Scaling",
            "Time": now(world), "AccountId": world.account, "RequestId": str(uuid.uuid4())}


def test_notification(world, group_name):
    """What a queue gets once when it is made a hook's target."""
    return {"AccountId": world.account, "RequestId": str(uuid.uuid4()),
            "AutoScalingGroupARN": f"arn:aws:autoscaling:{world.region}:{world.account}:"
                                   f"autoScalingGroup:*:autoScalingGroupName/{group_name}",
            "AutoScalingGroupName": group_name, "Service": "AWS Auto Scaling",
            "Event": "autoscaling:TEST_NOTIFICATION", "Time": now(world)}


def sns(world, text):
    return {"Type": "Notification", "MessageId": str(uuid.uuid4()),
            "TopicArn": f"arn:aws:sns:{world.region}:{world.account}:fleet",
            "Subject": "Auto Scaling: lifecycle action", "Message": text,
            "Timestamp": now(world), "SignatureVersion": "1", "Signature": "RVhBTVBMRQ=="}
