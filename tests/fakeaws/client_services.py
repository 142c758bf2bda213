# SPDX-License-Identifier: MIT
"""The part of the client for queues, events, roles, containers' keys and further worlds."""

import json
import time


class ServiceSteering:
    """Mixed into `client.FakeAws`, which has `control`, `in_world`, and what the process told."""

    # -- queues

    def create_queue(self, name="events", **attributes):
        """Its URL. Attributes: visibility_s, wait_s, delay_s."""
        return self.endpoint + self.control("queue", {"name": name, **attributes})["path"]

    def queue(self, name="events"):
        """{visible, in_flight, delayed, sent, received, deleted, waiting, bodies, arn, path};
        `waiting`: long polls that are under way."""
        return self.control("queue/show", {"name": name})

    def delete_queue(self, name="events"):
        self.control("queue/delete", {"name": name})

    def purge_queue(self, name="events"):
        self.control("queue/purge", {"name": name})

    def send_message(self, *bodies, queue="events", copies=1, delay_ms=0):
        """Any text, and what is no text as JSON."""
        texts = [each if isinstance(each, str) else json.dumps(each) for each in bodies]
        self.control("queue/send", {"name": queue, "bodies": texts, "copies": copies,
                                    "delay_ms": delay_ms})

    def wait_for_queue(self, reached, name="events", timeout_s=30):
        """The queue as `queue` shows it, once `reached(queue)` holds."""
        deadline = time.monotonic() + timeout_s
        while not reached(shown := self.queue(name)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {timeout_s} s: {json.dumps(shown)[:2000]}")
            time.sleep(0.02)
        return shown

    # -- events

    def events(self, queue="events", **order):
        """From now on changes are told to this queue. Options: delay_ms (50), kinds (of tags,
        states, lifecycle), shape (eventbridge, sns, asg-direct), copies, reorder."""
        self.control("events", {"queue": queue, **order})

    def stop_events(self):
        self.control("events", {"on": False})

    def send_events(self, *shapes, queue="events", **options):
        """One message of each shape: state-change and tag-change (id=), lifecycle, asg-direct and
        sns (of an instance that a hook holds), test-notification, garbage. Options: copies,
        reverse, delay_ms, id, group, keys."""
        self.control("events/send", {"queue": queue, "shapes": list(shapes), **options})

    # -- who may be whom

    def role(self, name="rollcall", **options):
        """The ARN of a role of this world's account. Options: arn, external_id, trusted (accounts),
        max_duration_s, lifetime_s (how long its keys live, whatever was asked)."""
        return self.control("role", {"name": name, **options})["arn"]

    def web_identity(self, token, **options):
        """A token that AssumeRoleWithWebIdentity takes. Options: role (an ARN), expired."""
        self.control("web-identity", {"token": token, **options})

    def container(self, **settings):
        """What containers' keys are given for: up, path, token, role, account, expires_in_s. Each
        call makes new keys. The address is `container_endpoint` and the path."""
        self.control("container", settings)

    # -- further regions and accounts

    def in_world(self, region=None, account=None):
        """The same fake AWS seen by the user of this account, in this region: a FakeAws whose every
        method means that world's instances, groups, queues, faults and requests."""
        place = {key: value for key, value in (("region", region or self.region),
                                               ("account", account or self.account)) if value}
        found = self.control("world", place=place)
        keys = {"region": found["region"], "access_key": found["access_key"],
                "secret_key": found["secret_key"]}
        return type(self)(self.endpoint, imds=self.imds_endpoint, container=self.container_endpoint,
                          place=place, **keys)
