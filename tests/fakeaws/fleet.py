# SPDX-License-Identifier: MIT
"""The model: instances, their states and tags, and the addresses they get.

States walk by themselves as time goes: pending to running, shutting-down to terminated, stopping
to stopped. The walk is caught up with on every look (`advance`), so there is no timer thread.
"""

import bisect
import hashlib
import heapq
import ipaddress
import itertools
import time
from dataclasses import dataclass, field

from .stale import StaleReads

GROUP_TAG = "aws:autoscaling:groupName"
DEFAULT_NETWORK = "10.0.0.0/16"
RESERVED_ADDRESSES = 4  # at the start of a subnet, as AWS keeps them
STATE_CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48,
               "stopping": 64, "stopped": 80}
NEXT_STATE = {"pending": "running", "shutting-down": "terminated", "stopping": "stopped"}


@dataclass(frozen=True)
class RawXml:
    """A value that goes into answers verbatim: entities, CDATA, or nonsense."""

    raw_xml: str

    def __str__(self):
        return self.raw_xml


class AddressesExhausted(Exception):
    pass


@dataclass(eq=False)
class Instance:
    id: str
    sequence: int
    reservation: str
    launched_s: float
    az: str
    state: str = "pending"
    state_code: int | None = None  # None: the one that belongs to the name
    private_address: object = None
    ipv6_addresses: list = field(default_factory=list)
    secondary_addresses: list = field(default_factory=list)
    extra_interfaces: list = field(default_factory=list)  # addresses of ENIs after the first
    subnet: str | None = "subnet-0a1b2c3d4e5f60718"
    vpc: str | None = "vpc-0a1b2c3d4e5f60718"
    image: str = "ami-0a1b2c3d4e5f60718"
    type: str = "t3.micro"
    client_token: str = ""
    tags: dict = field(default_factory=dict)
    raw_xml: str = ""     # verbatim at the end of the instance's item
    duplicates: int = 0   # how often the item is repeated in the list
    walk: int = 0         # which walk a queued step belongs to; an older one is void
    rendered: str | None = None

    @property
    def group(self):
        value = self.tags.get(GROUP_TAG)
        return None if value is None else str(value)

    def to_json(self):
        return {"id": self.id, "group": self.group, "state": str(self.state),
                "private_address": to_json(self.private_address), "az": to_json(self.az),
                "tags": {key: to_json(value) for key, value in self.tags.items()}}


def to_json(value):
    return {"raw_xml": value.raw_xml} if isinstance(value, RawXml) else value


class Fleet:
    def __init__(self, region, account, state_walk_s):
        self.region = region
        self.account = account
        self._state_walk_s = state_walk_s
        self.stale = StaleReads()
        self._by_id = {}
        self._listed = []  # in order of launch, which is the order of the sequence numbers
        self._due = []     # heap of (when, number, instance, its walk)
        self._numbers = itertools.count(1)
        self._hosts = {}   # network -> the offset to try next
        self._used = set()
        self.listener = None  # is told of changes as EventBridge is

    # -- look

    def advance(self):
        """Take every state change that has come due."""
        now = time.monotonic()
        while self._due and self._due[0][0] <= now:
            _, _, instance, walk = heapq.heappop(self._due)
            if walk == instance.walk:
                self.set_state(instance, NEXT_STATE[instance.state])

    def find(self, instance_id):
        return self._by_id.get(instance_id)

    def after(self, sequence):
        """The instances launched after number `sequence`, in order."""
        start = bisect.bisect_right(self._listed, sequence, key=lambda each: each.sequence)
        return itertools.islice(self._listed, start, None)

    # -- change

    def launch(self, count, addresses=None, network=DEFAULT_NETWORK, state="pending", az=None,
               tags=None, **attributes):
        """One reservation of `count` instances. `tags` may be a function of the instance."""
        reservation = self.new_id("r")
        launched = []
        for index in range(count):
            address = addresses[index] if addresses else self._next_address(network)
            instance = Instance(self.new_id("i"), next(self._numbers), reservation, time.time(),
                                az or self.region + "a", private_address=address, **attributes)
            instance.tags.update(tags(instance) if callable(tags) else tags or {})
            self._by_id[instance.id] = instance
            self._listed.append(instance)
            self._used.add(address)
            self.set_state(instance, state)
            launched.append(instance)
        return launched

    def set_state(self, instance, state, walk=True):
        """Enter `state`; with `walk`, leave it in due time when it is a passing one."""
        instance.state = state
        instance.state_code = None
        instance.walk += 1
        if state == "terminated":
            self._used.discard(instance.private_address)
            instance.private_address = None
            instance.subnet = instance.vpc = None
            instance.ipv6_addresses = []
            instance.secondary_addresses = []
            instance.extra_interfaces = []
        if walk and state in NEXT_STATE:
            when = time.monotonic() + self._state_walk_s
            heapq.heappush(self._due, (when, next(self._numbers), instance, instance.walk))
        self.changed(instance)
        if self.listener:
            self.listener.state_changed(instance)

    def terminate(self, instance):
        if instance.state not in ("shutting-down", "terminated"):
            self.set_state(instance, "shutting-down")

    def set_tags(self, instance, tags):
        """Add or overwrite; None takes a tag away."""
        different = [key for key, value in tags.items() if instance.tags.get(key) != value]
        for key, value in tags.items():
            if value is None:
                instance.tags.pop(key, None)
            else:
                instance.tags[key] = value
        self.changed(instance)
        if self.listener and different:
            self.listener.tags_changed(instance, different)

    def forget(self, instance):
        """No longer listed at all, as after about an hour in `terminated`."""
        instance.walk += 1
        self._used.discard(instance.private_address)
        del self._by_id[instance.id]
        self._listed.remove(instance)

    @staticmethod
    def changed(instance):
        """To be called after every change: answers keep each instance's XML until then."""
        instance.rendered = None

    def new_id(self, kind):
        """Ids look random and are the same in every run."""
        digits = hashlib.sha256(f"{kind}{next(self._numbers)}".encode()).hexdigest()
        return f"{kind}-0{digits[:16]}"

    def _next_address(self, network):
        """Free addresses in turn, so that one just given up is not soon given again."""
        parsed = ipaddress.IPv4Network(network)
        size = parsed.num_addresses
        for _ in range(size):
            offset = self._hosts.get(network, RESERVED_ADDRESSES)
            self._hosts[network] = offset + 1 if offset + 2 < size else RESERVED_ADDRESSES
            address = str(parsed.network_address + offset) if offset + 1 < size else None
            if address and address not in self._used:
                return address
        raise AddressesExhausted(network)
