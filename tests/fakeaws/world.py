# SPDX-License-Identifier: MIT
"""Everything that the fake AWS remembers, under one lock: a cloud, and a world for each region of
each account."""

import threading
import time

from .autoscaling_groups import Groups
from .container import ContainerSettings
from .credentials import Credentials
from .events import Events
from .faults import Faults
from .fleet import Fleet
from .imds import ImdsSettings
from .journal import Journal
from .paging import Pages
from .sqs_model import Queues
from .sts_model import Roles

HOME_ACCOUNT = "123456789012"


class Clock:
    """The fake's idea of the time of day, which a test may push off."""

    def __init__(self):
        self.skew_s = 0.0

    def now_s(self):
        return time.time() + self.skew_s


class World:
    """One region of one account: what its API shows, and the faults and the journal of that API."""

    def __init__(self, cloud, region, account):
        self.cloud = cloud
        self.region = region
        self.account = account
        self.fleet = Fleet(region, account, cloud.state_walk_s)
        self.groups = Groups(self.fleet, cloud.state_walk_s)
        self.faults = Faults()
        self.journal = Journal()
        self.pages = Pages()
        self.queues = Queues(cloud.changed)
        self.events = Events(self)
        self.fleet.listener = self.groups.listener = self.events
        self.is_retired = False  # replaced by a reset; whoever still waits in it must give up

    @property
    def clock(self):
        return self.cloud.clock

    def advance(self):
        """Take every change that has come due by itself."""
        self.fleet.advance()
        self.groups.advance()


class Cloud:
    """Hold `lock` around every look at, and change of, anything in here and in its worlds."""

    def __init__(self, regions, access_key, secret_key, state_walk_ms):
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)  # a message has come, or a world has gone
        self.state_walk_s = state_walk_ms / 1000
        self.credentials = Credentials(access_key, secret_key, HOME_ACCOUNT)
        self._first_regions = regions
        self._worlds = {}
        self.reset()

    def reset(self):
        for each in self._worlds.values():
            each.is_retired = True
        self._worlds = {}
        self.regions = set(self._first_regions)
        self.clock = Clock()
        self.credentials.reset()
        self.roles = Roles()
        self.imds = ImdsSettings(self._first_regions[0])
        self.container = ContainerSettings()
        with self.changed:
            self.changed.notify_all()

    @property
    def home(self):
        """The world of the first region: where unsigned requests belong."""
        return self.world()

    def world(self, region=None, account=None):
        """The world of this region and account, made when it is not there yet."""
        region = region or self._first_regions[0]
        account = account or HOME_ACCOUNT
        self.regions.add(region)
        self.credentials.add_account(account)
        if (account, region) not in self._worlds:
            self._worlds[account, region] = World(self, region, account)
        return self._worlds[account, region]

    def renew(self, world):
        """Begin this one world again."""
        world.is_retired = True
        self._worlds[world.account, world.region] = World(self, world.region, world.account)
        self.changed.notify_all()
