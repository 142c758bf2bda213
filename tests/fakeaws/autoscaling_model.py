# SPDX-License-Identifier: MIT
"""What Auto Scaling keeps: groups, their members, lifecycle hooks and the actions they wait for."""

import collections
import time
import uuid
from dataclasses import dataclass, field

LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"
TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"
RESULTS = ("CONTINUE", "ABANDON")
POOL_STATES = ("Stopped", "Running", "Hibernated")
HEARTBEAT_DEFAULT_S = 3600
GLOBAL_TIMEOUT_MAX_S = 48 * 3600
GLOBAL_TIMEOUT_HEARTBEATS = 100  # whichever of the two is shorter
HISTORY_MAX = 20_000
ACTIVE_STATES = ("Pending", "Pending:Wait", "Pending:Proceed", "InService")
UNHEALTHY_STATES = ("shutting-down", "terminated")


@dataclass
class Hook:
    name: str
    transition: str
    heartbeat_s: float = HEARTBEAT_DEFAULT_S  # a test may set a fraction; answers round it up
    default_result: str = "ABANDON"
    global_timeout_s: float | None = None     # None: by AWS's rule
    target_arn: str | None = None
    role_arn: str | None = None
    metadata: str | None = None

    @property
    def total_s(self):
        if self.global_timeout_s is not None:
            return self.global_timeout_s
        return min(GLOBAL_TIMEOUT_MAX_S, GLOBAL_TIMEOUT_HEARTBEATS * self.heartbeat_s)


@dataclass
class LifecycleAction:
    """One hook that holds one member. Times are of the monotonic clock."""

    hook: Hook
    ends: float         # unless a heartbeat comes
    ends_for_good: float
    token: str = field(default_factory=lambda: str(uuid.uuid4()))
    heartbeats: int = 0

    @property
    def deadline(self):
        return min(self.ends, self.ends_for_good)


@dataclass
class WarmPool:
    min_size: int = 0
    max_prepared: int = -1  # -1: the group's maximum
    pool_state: str = "Stopped"
    reuse: bool = False


@dataclass(eq=False)
class Member:
    instance: object        # of the fleet
    step: str = "Pending"   # the lifecycle state without its "Warmed:"
    due: float = 0.0        # when a passing state may be left
    in_pool: bool = False
    returning: bool = False  # to the warm pool, by the reuse policy
    hooks_run: bool = True   # not when it comes back from standby
    actions: dict = field(default_factory=dict)  # hook name -> LifecycleAction

    @property
    def id(self):
        return self.instance.id

    @property
    def state(self):
        return ("Warmed:" if self.in_pool else "") + self.step

    @property
    def is_active(self):
        """Counts towards the desired capacity."""
        return not self.in_pool and self.step in ACTIVE_STATES

    @property
    def is_leaving(self):
        return self.step.startswith("Terminat")

    @property
    def is_resting(self):
        return self.in_pool and self.step in POOL_STATES

    @property
    def is_healthy(self):
        unhealthy = UNHEALTHY_STATES
        if self.step == "InService":
            unhealthy += ("stopping", "stopped")
        return str(self.instance.state) not in unhealthy


@dataclass(eq=False)
class Group:
    name: str
    sequence: int
    desired: int
    min_size: int = 0
    max_size: int = 0
    zones: list = field(default_factory=list)
    network: str | None = None
    template: str = "fake-template"
    tags: list = field(default_factory=list)  # (key, value, propagated at launch)
    hooks: dict = field(default_factory=dict)
    warm_pool: WarmPool | None = None
    created_s: float = field(default_factory=time.time)
    members: dict = field(default_factory=dict)  # instance id -> Member, in order of launch
    launches: int = 0
    launch_error: str | None = None
    history: collections.deque = field(
        default_factory=lambda: collections.deque(maxlen=HISTORY_MAX))
    states: collections.deque = field(
        default_factory=lambda: collections.deque(maxlen=HISTORY_MAX))

    def of_pool(self, in_pool=True):
        return [each for each in self.members.values() if each.in_pool == in_pool]

    def log_state(self, member):
        self.states.append({"id": member.id, "state": member.state, "at": time.time()})
