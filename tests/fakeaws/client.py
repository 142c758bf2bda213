# SPDX-License-Identifier: MIT
"""Start a fake AWS and steer it from Python. Standard library only, but for `boto3_client`."""

import functools
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from .client_services import ServiceSteering

ENTRY = Path(__file__).resolve().with_name("fakeaws.py")
CONTROL_TIMEOUT_S = 30
STOP_TIMEOUT_S = 10


class FakeAwsError(Exception):
    pass


def start(**options):
    """Start a process: `region="eu-west-1"`, `state_walk_ms=50`, ... as fakeaws.py's options; a
    list is an option given several times."""
    arguments = ["--stdin-lifeline"]
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        for each in value if isinstance(value, (list, tuple)) else [value]:
            arguments += [flag] if each is True else [flag, str(each)]
    process = subprocess.Popen([sys.executable, str(ENTRY), *arguments],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    if not line:
        raise FakeAwsError(f"fakeaws ended with {process.wait()} before it was listening")
    return FakeAws(**json.loads(line), process=process)


class FakeAws(ServiceSteering):
    """A running fake AWS; also for one that somebody else started. `place` is the world that is
    meant, {region, account}; without it, the one of the first region."""

    def __init__(self, endpoint, imds=None, access_key="AKIDEXAMPLE", secret_key="",
                 region="eu-west-1", process=None, container=None, place=None):
        self.endpoint = endpoint
        self.imds_endpoint = imds
        self.container_endpoint = container
        self.place = place or {}
        self.access_key = access_key
        self.secret_key = secret_key
        self.region = region
        self.process = process

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    @property
    def account(self):
        """None: the first one."""
        return self.place.get("account")

    def control(self, path, body=None, place=None):
        """GET without `body`, else POST."""
        query = urllib.parse.urlencode(place or self.place)
        request = urllib.request.Request(
            f"{self.endpoint}/_control/{path}{'?' if query else ''}{query}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=CONTROL_TIMEOUT_S) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise FakeAwsError(error.read().decode(errors="replace")) from None

    # -- the fleet

    def launch(self, group=None, count=1, **options):
        """The new ids. Options: tags, addresses, network, state, az, tagged."""
        return self.control("launch", {"group": group, "count": count, **options})["ids"]

    def terminate(self, *ids):
        self.control("terminate", {"ids": flatten(ids)})

    def tag(self, ids, tags=None, **more):
        """Set tags on one id or several, unchecked; None takes a tag away."""
        self.control("tags", {"ids": flatten([ids]), "tags": {**(tags or {}), **more}})

    def change_instance(self, id, **changes):
        """Change it without any check: state, private_address, az, tags, raw_xml, forget, ..."""
        return self.control("instance", {"id": id, **changes})

    def instances(self, group=None):
        return [each for each in self.control("instances")
                if group is None or each["group"] == group]

    # -- Auto Scaling

    def create_asg(self, name, desired=None, hooks=(), **options):
        """`hooks` are of `hook()`. Options: network, az, min, max, tags, warm_pool, instances.

        Without `desired` the group is as large as `instances`, which are in service at once.
        """
        return self.control("asg", {"name": name, "desired": desired, "hooks": list(hooks),
                                    **options})

    def scale_asg(self, name, desired):
        return self.control("asg/scale", {"name": name, "desired": desired})

    def asg(self, name):
        """Its instances, hooks, history of completed actions, and every state that was entered."""
        return self.control("asg/" + urllib.parse.quote(name, safe=""))

    def lifecycle_states(self, name):
        """{instance id: lifecycle state}"""
        return {each["id"]: each["state"] for each in self.asg(name)["instances"]}

    def wait_for_asg(self, name, reached, timeout_s=60):
        """The group as `asg` shows it, once `reached(group)` holds."""
        deadline = time.monotonic() + timeout_s
        while not reached(group := self.asg(name)):
            if time.monotonic() > deadline:
                raise FakeAwsError(f"not within {timeout_s} s: {json.dumps(group)}")
            time.sleep(0.02)
        return group

    def settings(self, **values):
        """`time_scale`: what a second of a hook lasts; `stale_reads`: looks that miss a write."""
        self.control("settings", values)

    def journal(self, *actions, effective=True):
        """The calls that change something, in order; with `effective` only those carried out."""
        return [each for each in self.control("journal")
                if (not actions or each["action"] in actions)
                and (each["effect"] or not effective)]

    def clear_journal(self):
        self.control("journal/clear", {})

    # -- faults, clock, metadata

    def fault(self, kind, action="*", **options):
        """Options: page, times, skip, after, status, code, message, body, cut_at, delay_ms, ..."""
        self.control("fault", {"kind": kind, "action": action, **options})

    def clear_faults(self):
        self.control("faults/clear", {})

    def clock(self, skew_s):
        self.control("clock", {"skew_s": skew_s})

    def imds(self, **settings):
        self.control("imds", settings)

    def reset(self):
        self.control("reset", {})

    # -- looking back

    def requests(self):
        """{"counts": {action: number}, "recent": [request, ...]}, the oldest first."""
        return self.control("requests")

    def recent(self, action):
        return [each for each in self.requests()["recent"] if each["action"] == action]

    def count(self, action):
        return self.requests()["counts"].get(action, 0)

    def clear_requests(self):
        self.control("requests/clear", {})

    def wait_for_requests(self, action, more=1, timeout_s=30):
        """Return when `more` further requests of this action have been answered."""
        goal = self.count(action) + more
        deadline = time.monotonic() + timeout_s
        while self.count(action) < goal:
            if time.monotonic() > deadline:
                raise FakeAwsError(f"no {more} further {action} within {timeout_s} s")
            time.sleep(0.02)

    # -- for clients

    def environment(self, base=None, keys=True):
        """The environment for a program that shall talk to this AWS and to no other."""
        kept = os.environ if base is None else base
        found = {key: value for key, value in kept.items()
                 if not key.startswith("AWS_") and not key.lower().endswith("_proxy")}
        found |= {"AWS_ENDPOINT_URL": self.endpoint, "AWS_REGION": self.region,
                  "AWS_DEFAULT_REGION": self.region, "AWS_CONFIG_FILE": os.devnull,
                  "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
        if self.imds_endpoint:
            found["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = self.imds_endpoint
        if keys:
            found |= {"AWS_ACCESS_KEY_ID": self.access_key,
                      "AWS_SECRET_ACCESS_KEY": self.secret_key}
        return found

    def boto3_client(self, service="ec2", attempts=1, **overrides):
        """A boto3 client of this AWS; `overrides` replace keys, region and the like."""
        import botocore.config

        settings = {"endpoint_url": self.endpoint, "region_name": self.region,
                    "aws_access_key_id": self.access_key,
                    "aws_secret_access_key": self.secret_key, **overrides}
        config = botocore.config.Config(
            retries={"mode": "standard", "total_max_attempts": attempts}, proxies={})
        return boto3_session().client(service, config=config, **settings)


@functools.cache
def boto3_session():
    """One for all clients: it keeps the parsed model of EC2, which takes a while to read."""
    import boto3

    return boto3.session.Session()


def hook(name, transition, heartbeat_s=3600, default_result="ABANDON", **options):
    """A lifecycle hook for `create_asg`; `transition` is launching or terminating."""
    return {"name": name, "transition": transition, "heartbeat_s": heartbeat_s,
            "default_result": default_result, **options}


def flatten(ids):
    return [one for each in ids for one in ([each] if isinstance(each, str) else each)]
