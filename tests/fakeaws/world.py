# SPDX-License-Identifier: MIT
"""Everything that the fake AWS remembers, under one lock."""

import threading
import time

from .autoscaling_groups import Groups
from .credentials import Credentials
from .faults import Faults
from .fleet import Fleet
from .journal import Journal
from .paging import Pages


class Clock:
    """The fake's idea of the time of day, which a test may push off."""

    def __init__(self):
        self.skew_s = 0.0

    def now_s(self):
        return time.time() + self.skew_s


class ImdsSettings:
    """What the metadata service says of the instance that "we" run on."""

    def __init__(self, region):
        self.up = True
        self.v1_only = False
        self.role = "rollcall-role"  # None: the instance has no profile
        self.expires_in_s = 6 * 3600
        self.instance_id = "i-00000000000000001"
        self.local_ipv4 = "10.255.0.10"
        self.az = region + "a"
        self.issued = None  # the role's current Credential
        self.issued_s = 0.0


class World:
    """Hold `lock` around every look at, and change of, anything in here."""

    def __init__(self, region, access_key, secret_key, state_walk_ms):
        self.lock = threading.RLock()
        self.region = region
        self.account = "123456789012"
        self.state_walk_s = state_walk_ms / 1000
        self.credentials = Credentials(access_key, secret_key)
        self.reset()

    def reset(self):
        self.clock = Clock()
        self.fleet = Fleet(self.region, self.account, self.state_walk_s)
        self.groups = Groups(self.fleet, self.state_walk_s)
        self.faults = Faults()
        self.journal = Journal()
        self.pages = Pages()
        self.imds = ImdsSettings(self.region)
        self.credentials.reset()

    def advance(self):
        """Take every change that has come due by itself."""
        self.fleet.advance()
        self.groups.advance()
