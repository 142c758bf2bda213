# SPDX-License-Identifier: MIT
"""The part of the control API that makes, scales and shows Auto Scaling groups."""

import time

from .autoscaling_model import (HEARTBEAT_DEFAULT_S, LAUNCHING, POOL_STATES, RESULTS, TERMINATING,
                                Hook, WarmPool)

TRANSITIONS = {"launching": LAUNCHING, "terminating": TERMINATING}
NAMES = {value: key for key, value in TRANSITIONS.items()}


def make_hook(name, transition, heartbeat_s=HEARTBEAT_DEFAULT_S, default_result="ABANDON",
              global_timeout_s=None):
    if default_result not in RESULTS:
        raise ValueError(f"default_result {default_result!r} is none of {', '.join(RESULTS)}")
    if transition not in TRANSITIONS:
        raise ValueError(f"transition {transition!r} is none of {', '.join(TRANSITIONS)}")
    return Hook(name, TRANSITIONS[transition], float(heartbeat_s), default_result,
                global_timeout_s)


def make_pool(min_size=0, max_prepared=-1, pool_state="Stopped", reuse=False):
    if pool_state not in POOL_STATES:
        raise ValueError(f"pool_state {pool_state!r} is none of {', '.join(POOL_STATES)}")
    return WarmPool(min_size, max_prepared, pool_state, reuse)


def create(world, name, desired=None, hooks=(), network=None, az=None, min=0, max=None, tags=None,
           warm_pool=None, instances=()):
    """`tags` are propagated to what is launched; `instances` become members in service."""
    if world.groups.find(name):
        raise ValueError(f"group {name} exists already")
    adopted = [world.fleet.find(each) for each in instances]
    if None in adopted:
        raise ValueError(f"no instance {instances[adopted.index(None)]}")
    if desired is None:
        desired = len(adopted)
    made = [make_hook(**each) for each in hooks]
    group = world.groups.create(
        name, 0, min_size=min, max_size=desired if max is None else max, network=network,
        zones=[az] if isinstance(az, str) else list(az or []),
        tags=[(key, str(value), True) for key, value in (tags or {}).items()],
        hooks={each.name: each for each in made},
        warm_pool=make_pool(**warm_pool) if warm_pool else None)
    for each in adopted:
        world.groups.adopt(group, each)
    world.groups.scale(group, desired)
    return show(world, name)


def scale(world, name, desired):
    """Unlike the API this moves the limits when they are in the way."""
    group = find(world, name)
    group.max_size = max(group.max_size, desired)
    group.min_size = min(group.min_size, desired)
    world.groups.scale(group, desired)
    return show(world, name)


def find(world, name):
    group = world.groups.find(name)
    if group is None:
        raise ValueError(f"no group {name}")
    return group


def show(world, name):
    group = find(world, name)
    pool = group.warm_pool
    return {
        "name": group.name, "desired": group.desired, "min": group.min_size,
        "max": group.max_size, "launch_error": group.launch_error,
        "hooks": [show_hook(each) for each in group.hooks.values()],
        "warm_pool": None if pool is None else vars(pool),
        "instances": [show_member(each) for each in group.members.values()],
        "history": list(group.history), "states": list(group.states)}


def show_hook(hook):
    return {"name": hook.name, "transition": NAMES[hook.transition],
            "heartbeat_s": hook.heartbeat_s, "global_timeout_s": hook.total_s,
            "default_result": hook.default_result}


def show_member(member):
    now = time.monotonic()
    return {"id": member.id, "state": member.state, "ec2_state": str(member.instance.state),
            "waiting": [{"hook": name, "token": action.token, "heartbeats": action.heartbeats,
                         "left_s": max(0.0, action.deadline - now)}
                        for name, action in member.actions.items()]}
