# SPDX-License-Identifier: MIT
"""How groups live: they launch and retire to their desired capacity, and members walk through the
lifecycle, held by hooks until these are completed or run out of time.

As in fleet.py there is no timer thread: `advance` catches up on every look.
"""

import itertools
import time

from .autoscaling_model import LAUNCHING, TERMINATING, Group, LifecycleAction, Member
from .fleet import GROUP_TAG, AddressesExhausted


class Groups:
    def __init__(self, fleet, state_walk_s):
        self.time_scale = 1.0  # what a second of a hook lasts, in seconds
        self._fleet = fleet
        # Half of EC2's step: a member waits for its hooks while its instance is still pending.
        self._pause_s = state_walk_s / 2
        self._groups = {}
        self._numbers = itertools.count(1)
        self.listener = None  # is told when a hook begins to hold an instance

    # -- look

    def find(self, name):
        return self._groups.get(name)

    def all(self):
        return list(self._groups.values())

    def find_member(self, instance_id):
        """(group, member), or (None, None)."""
        for group in self._groups.values():
            if instance_id in group.members:
                return group, group.members[instance_id]
        return None, None

    def find_action(self, group, hook_name, instance_id=None, token=None):
        """(member, action) of a hook that holds an instance; (None, None) when none does."""
        for member in group.members.values():
            action = member.actions.get(hook_name)
            if (action and instance_id in (None, member.id) and token in (None, action.token)):
                return member, action
        return None, None

    # -- change

    def advance(self):
        now = time.monotonic()
        for group in self.all():
            for member in list(group.members.values()):
                self._walk(group, member, now)
            self._fit(group)

    def create(self, name, desired, **attributes):
        group = Group(name, next(self._numbers), desired, **attributes)
        self._groups[name] = group
        self._fit(group)
        return group

    def scale(self, group, desired):
        group.desired = desired
        group.launch_error = None
        self._fit(group)

    def adopt(self, group, instance):
        """Take a running instance in as a member in service; no hook runs."""
        member = Member(instance)
        group.members[instance.id] = member
        self._fleet.set_tags(instance, {GROUP_TAG: group.name})
        self._enter(group, member, "InService", time.monotonic())

    def delete(self, group):
        """With everything in it, and without hooks: a forced deletion."""
        for member in group.members.values():
            self._fleet.terminate(member.instance)
        del self._groups[group.name]

    def terminate(self, group, member, decrement):
        if member.is_leaving:
            return
        if decrement and member.is_active:
            group.desired -= 1
        self._retire_for_good(group, member, time.monotonic())
        self._fit(group)

    def enter_standby(self, group, members, decrement):
        for member in members:
            self._enter(group, member, "EnteringStandby", time.monotonic())
        if decrement:
            group.desired -= len(members)
        self._fit(group)

    def exit_standby(self, group, members):
        for member in members:
            member.hooks_run = False
            self._enter(group, member, "Pending", time.monotonic())
        group.desired += len(members)
        group.max_size = max(group.max_size, group.desired)

    def complete(self, group, member, action, result):
        now = time.monotonic()
        self._finish(group, member, action, result, "call", now)
        self._walk(group, member, now)
        self._fit(group)

    def heartbeat(self, action):
        action.heartbeats += 1
        action.ends = time.monotonic() + action.hook.heartbeat_s * self.time_scale

    def delete_hook(self, group, hook):
        """What still waits is let go as AWS documents it: launching ABANDON, else CONTINUE."""
        result = "ABANDON" if hook.transition == LAUNCHING else "CONTINUE"
        for member in group.members.values():
            action = member.actions.get(hook.name)
            if action:
                self._finish(group, member, action, result, "deletion", time.monotonic())
        del group.hooks[hook.name]

    def delete_warm_pool(self, group):
        for member in group.of_pool():
            if not member.is_leaving:
                self._retire_for_good(group, member, time.monotonic())
        group.warm_pool = None

    # -- capacity

    def _fit(self, group):
        """Launch and retire until as many are active as desired, and the pool is full."""
        active = [each for each in group.members.values() if each.is_active]
        for _ in range(group.desired - len(active)):
            resting = next((each for each in group.of_pool() if each.is_resting), None)
            if resting:
                resting.in_pool = False
                self._enter(group, resting, "Pending", time.monotonic())
            elif not self._launch(group, in_pool=False):
                return
        # Those in service first, the oldest before the others: the same in every run.
        active.sort(key=lambda each: (each.step != "InService", each.instance.sequence))
        for member in active[:max(0, len(active) - group.desired)]:
            self._retire(group, member)
        self._fit_pool(group)

    def _fit_pool(self, group):
        pool = group.warm_pool
        if pool is None:
            return
        prepared = group.max_size if pool.max_prepared < 0 else pool.max_prepared
        wanted = max(pool.min_size, prepared - group.desired)
        pooled = [each for each in group.of_pool() if not each.is_leaving]
        for _ in range(wanted - len(pooled)):
            if not self._launch(group, in_pool=True):
                return
        resting = [each for each in pooled if each.is_resting]
        for member in resting[:max(0, len(pooled) - wanted)]:
            self._retire_for_good(group, member, time.monotonic())

    def _launch(self, group, in_pool):
        zone = group.zones[group.launches % len(group.zones)] if group.zones else None
        tags = {key: value for key, value, propagated in group.tags if propagated}
        network = {"network": group.network} if group.network else {}
        try:
            (instance,) = self._fleet.launch(1, az=zone, tags=tags | {GROUP_TAG: group.name},
                                             **network)
        except AddressesExhausted as error:
            group.launch_error = f"no free address in {error}"
            return False
        group.launches += 1
        member = Member(instance, in_pool=in_pool)
        group.members[instance.id] = member
        self._enter(group, member, "Pending", time.monotonic())
        return True

    def _retire(self, group, member):
        if group.warm_pool and group.warm_pool.reuse and member.step == "InService":
            member.in_pool = member.returning = member.hooks_run = True
            self._enter(group, member, "Pending", time.monotonic())
        else:
            self._retire_for_good(group, member, time.monotonic())

    def _retire_for_good(self, group, member, at):
        member.actions.clear()
        member.returning = False
        member.hooks_run = True
        self._enter(group, member, "Terminating", at)

    # -- the walk of a member

    def _enter(self, group, member, step, at):
        member.step = step
        member.due = at + self._pause_s
        group.log_state(member)

    def _walk(self, group, member, now):
        while member.id in group.members and self._take_step(group, member, now):
            pass

    def _take_step(self, group, member, now):
        """Take one step that is due at `now`; False when there is none."""
        if not member.is_leaving and not member.is_healthy:
            self._retire_for_good(group, member, now)
            return True
        if member.step.endswith(":Wait"):
            return self._wait(group, member, now)
        take = {"Pending": self._begin_wait, "Pending:Proceed": self._go_into_service,
                "Terminating": self._begin_wait, "Terminating:Proceed": self._end,
                "Terminated": self._remove,
                "EnteringStandby": self._stand_by}.get(member.step)
        return take is not None and member.due <= now and take(group, member, now)

    def _begin_wait(self, group, member, now):
        instance = member.instance
        if not member.is_leaving and instance.state in ("stopping", "stopped"):
            if instance.state == "stopped":
                self._fleet.set_state(instance, "pending")  # out of the warm pool
            return False
        wanted = TERMINATING if member.is_leaving or member.returning else LAUNCHING
        at = member.due
        hooks = [each for each in group.hooks.values() if each.transition == wanted]
        if not hooks or not member.hooks_run:
            self._enter(group, member, member.step + ":Proceed", at)
            return True
        # Times count from now and not from when it was due: nobody could have known of the wait.
        for hook in hooks:
            member.actions[hook.name] = LifecycleAction(
                hook, now + hook.heartbeat_s * self.time_scale,
                now + hook.total_s * self.time_scale)
        self._enter(group, member, member.step + ":Wait", at)
        if self.listener:
            for action in member.actions.values():
                self.listener.lifecycle_began(group, member, action)
        return True

    def _wait(self, group, member, now):
        first = min(member.actions.values(), key=lambda each: each.deadline, default=None)
        if first is None:
            self._enter(group, member, member.step.replace(":Wait", ":Proceed"), now)
            return True
        if first.deadline > now:
            return False
        self._finish(group, member, first, first.hook.default_result, "timeout", first.deadline)
        return True

    def _finish(self, group, member, action, result, by, at):
        hook = action.hook
        del member.actions[hook.name]
        group.history.append({
            "id": member.id, "hook": hook.name, "transition": hook.transition, "result": result,
            "by": by, "heartbeats": action.heartbeats,
            "at": time.time() - (time.monotonic() - at)})
        if result == "ABANDON":
            member.actions.clear()  # the other hooks are skipped
            if not member.is_leaving:
                self._retire_for_good(group, member, at)

    def _go_into_service(self, group, member, now):
        if member.instance.state != "running":
            return False
        member.returning = False
        member.hooks_run = True
        if not member.in_pool:
            self._enter(group, member, "InService", now)
            return True
        # Without a pool the member was on its way into one that has been deleted since.
        rest = group.warm_pool.pool_state if group.warm_pool else "Running"
        if rest != "Running":
            self._fleet.set_state(member.instance, "stopping")
        self._enter(group, member, rest, now)
        return True

    def _end(self, group, member, now):
        self._fleet.terminate(member.instance)
        if member.instance.state != "terminated":
            return False
        self._enter(group, member, "Terminated", now)
        return True

    def _remove(self, group, member, _now):
        del group.members[member.id]
        return True

    def _stand_by(self, group, member, now):
        self._enter(group, member, "Standby", now)
        return True
