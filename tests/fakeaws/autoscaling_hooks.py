# SPDX-License-Identifier: MIT
"""Auto Scaling's lifecycle hooks, and what a client says to one that holds an instance."""

import re

from . import autoscaling_xml as xml
from .autoscaling_arguments import find_group, invalid, members, named, required, whole_number
from .autoscaling_model import HEARTBEAT_DEFAULT_S, LAUNCHING, RESULTS, TERMINATING, Hook
from .errors import AwsError

HOOKS_MAX = 50
NAME_CHARACTERS_MAX = 255
HEARTBEAT_S = (30, 7200)


def hook_name(arguments):
    name = named(arguments, "LifecycleHookName", NAME_CHARACTERS_MAX)
    if not re.fullmatch(r"[A-Za-z0-9\-_/]+", name):
        raise invalid(f"Value '{name}' at 'lifecycleHookName' failed to satisfy constraint")
    return name


def one_of(arguments, name, allowed, default):
    value = arguments.get(name, default)
    if value not in allowed:
        raise invalid(f"{name} must be one of {', '.join(allowed)}, not '{value}'")
    return value


def parse_hook(arguments, old=None):
    """A hook from its parameters; what is absent stays as in `old`."""
    seconds = whole_number(arguments, "HeartbeatTimeout", *HEARTBEAT_S)
    before = old or Hook("", None, HEARTBEAT_DEFAULT_S)
    return Hook(
        hook_name(arguments),
        one_of(arguments, "LifecycleTransition", (LAUNCHING, TERMINATING), before.transition),
        before.heartbeat_s if seconds is None else seconds,
        one_of(arguments, "DefaultResult", RESULTS, before.default_result),
        target_arn=arguments.get("NotificationTargetARN", before.target_arn),
        role_arn=arguments.get("RoleARN", before.role_arn),
        metadata=arguments.get("NotificationMetadata", before.metadata))


def describe(call):
    group = find_group(call)
    names = members(call.arguments, "LifecycleHookNames", HOOKS_MAX)
    found = [each for each in group.hooks.values() if not names or each.name in names]
    return xml.answer(call, xml.members("LifecycleHooks", [xml.hook_item(group, each)
                                                           for each in found]))


def put(call):
    group = find_group(call)
    old = group.hooks.get(hook_name(call.arguments))
    if old is None and len(group.hooks) >= HOOKS_MAX:
        raise AwsError("LimitExceeded", f"The group has {HOOKS_MAX} lifecycle hooks already")
    hook = parse_hook(call.arguments, old)
    group.hooks[hook.name] = hook
    return xml.answer(call, "")


def find_hook(call, group):
    name = hook_name(call.arguments)
    if name not in group.hooks:
        raise invalid(f"Lifecycle hook not found - no such lifecycle hook: {name}")
    return group.hooks[name]


def delete(call):
    group = find_group(call)
    call.world.groups.delete_hook(group, find_hook(call, group))
    return xml.answer(call, "")


def active_action(call):
    """(group, member, action) of the hook that holds the instance named, or an error."""
    group = find_group(call)
    hook = find_hook(call, group)
    id_ = call.arguments.get("InstanceId")
    token = call.arguments.get("LifecycleActionToken")
    if id_ is None and token is None:
        raise invalid("Either an instance id or a lifecycle action token must be specified")
    member, action = call.world.groups.find_action(group, hook.name, id_, token)
    if action is None:
        named_by = f"instance ID {id_}" if token is None else f"token {token}"
        raise invalid(f"No active Lifecycle Action found with {named_by}")
    return group, member, action


def complete(call):
    result = required(call.arguments, "LifecycleActionResult")
    if result not in RESULTS:
        raise invalid(f"Value '{result}' at 'lifecycleActionResult' must be CONTINUE or ABANDON")
    group, member, action = active_action(call)
    call.world.groups.complete(group, member, action, result)
    return xml.answer(call, "")


def heartbeat(call):
    _, _, action = active_action(call)
    call.world.groups.heartbeat(action)
    return xml.answer(call, "")
