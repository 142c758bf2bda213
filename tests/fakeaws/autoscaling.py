# SPDX-License-Identifier: MIT
"""Auto Scaling, version 2011-01-01: what changes groups, and the table of all actions."""

from . import autoscaling_hooks as hooks
from . import autoscaling_listing as listing
from . import autoscaling_xml as xml
from .autoscaling_arguments import (boolean, capacity, find_group, invalid, members, named,
                                    required, strict, structures, whole_number)
from .autoscaling_model import POOL_STATES, WarmPool
from .errors import AwsError
from .refusals import signature_errors
from .service import Action, Service


# -- groups

def create_group(call):
    arguments, world = call.arguments, call.world
    name = named(arguments, "AutoScalingGroupName", 255)
    if world.groups.find(name):
        raise AwsError("AlreadyExists", "AutoScalingGroup by this name already exists - A group "
                                        f"with the name {name} already exists")
    sources = {"LaunchConfigurationName", "LaunchTemplate", "MixedInstancesPolicy", "InstanceId"}
    if len(sources & arguments.keys()) != 1:
        raise invalid("Valid requests must contain either LaunchTemplate, "
                      "LaunchConfigurationName, InstanceId or MixedInstancesPolicy parameter.")
    zones = members(arguments, "AvailabilityZones")
    if not zones and "VPCZoneIdentifier" not in arguments:
        raise invalid("At least one Availability Zone or VPC Subnet is required.")
    least, most, desired = capacity(arguments)
    tags = [(required(each, "Key"), each.get("Value", ""),
             boolean(each, "PropagateAtLaunch", False)) for each in structures(arguments, "Tags")]
    specified = [hooks.parse_hook(each)
                 for each in structures(arguments, "LifecycleHookSpecificationList")]
    world.groups.create(name, desired, min_size=least, max_size=most, zones=zones, tags=tags,
                        hooks={each.name: each for each in specified})
    return xml.answer(call)


def update_group(call):
    group = find_group(call)
    group.min_size, group.max_size, desired = capacity(call.arguments, group)
    call.world.groups.scale(group, desired)
    return xml.answer(call)


def set_desired_capacity(call):
    group = find_group(call)
    required(call.arguments, "DesiredCapacity")
    desired = whole_number(call.arguments, "DesiredCapacity", 0, 10_000)
    if desired > group.max_size:
        raise invalid(f"New SetDesiredCapacity value {desired} is above max value "
                      f"{group.max_size} for the AutoScalingGroup.")
    if desired < group.min_size:
        raise invalid(f"New SetDesiredCapacity value {desired} is below min value "
                      f"{group.min_size} for the AutoScalingGroup.")
    call.world.groups.scale(group, desired)
    return xml.answer(call)


def delete_group(call):
    group = find_group(call)
    if group.members and not boolean(call.arguments, "ForceDelete", False):
        raise AwsError("ResourceInUse", "You cannot delete an AutoScalingGroup while there are "
                                        "instances or pending Spot instance request(s) still in "
                                        "the group.")
    call.world.groups.delete(group)
    return xml.answer(call)


def decrement_of(call):
    required(call.arguments, "ShouldDecrementDesiredCapacity")
    return boolean(call.arguments, "ShouldDecrementDesiredCapacity", False)


def terminate_instance(call):
    id_, decrement = required(call.arguments, "InstanceId"), decrement_of(call)
    group, member = call.world.groups.find_member(id_)
    if member is None:
        raise invalid(f"Instance Id not found - No managed instance found for instance ID: {id_}")
    if decrement and group.desired - 1 < group.min_size:
        raise invalid(f"Currently, desiredSize equals minSize ({group.min_size}). Terminating "
                      "instance without replacement will violate group's min size constraint.")
    call.world.groups.terminate(group, member, decrement)
    return xml.answer(call, f"<Activity>{activity(call, group, member, 'Terminating')}</Activity>")


def activity(call, group, member, what):
    return xml.activity(call.world, group, member, what + " EC2 instance")


# -- standby

def standby_members(call, group, step):
    """The members named; each must be in this step."""
    found = []
    for id_ in members(call.arguments, "InstanceIds"):
        member = group.members.get(id_)
        if member is None:
            raise invalid(f"The instance {id_} is not part of Auto Scaling group {group.name}.")
        if member.in_pool or member.step != step:
            raise invalid(f"The instance {id_} is not in {step}.")
        found.append(member)
    if not found:
        raise invalid("At least one instance must be specified.")
    return found


def enter_standby(call):
    group, decrement = find_group(call), decrement_of(call)
    found = standby_members(call, group, "InService")
    if decrement and group.desired - len(found) < group.min_size:
        raise invalid(f"AutoScalingGroup {group.name} has min-size={group.min_size}: too few "
                      "instances would be left.")
    call.world.groups.enter_standby(group, found, decrement)
    rendered = [activity(call, group, each, "Moving to Standby the") for each in found]
    return xml.answer(call, xml.members("Activities", rendered))


def exit_standby(call):
    group = find_group(call)
    found = standby_members(call, group, "Standby")
    if group.desired + len(found) > group.max_size:
        raise invalid(f"AutoScalingGroup {group.name} has max-size={group.max_size}: too many "
                      "instances would be in service.")
    call.world.groups.exit_standby(group, found)
    rendered = [activity(call, group, each, "Moving out of Standby the") for each in found]
    return xml.answer(call, xml.members("Activities", rendered))


# -- warm pools

def put_warm_pool(call):
    arguments, group = call.arguments, find_group(call)
    state = arguments.get("PoolState", "Stopped")
    if state not in POOL_STATES:
        raise invalid(f"Value '{state}' at 'poolState' is none of {', '.join(POOL_STATES)}")
    policy = arguments.get("InstanceReusePolicy", {})
    most = arguments.get("MaxGroupPreparedCapacity")
    group.warm_pool = WarmPool(
        whole_number(arguments, "MinSize", 0, 10_000) or 0,
        -1 if most in (None, "-1") else whole_number(arguments, "MaxGroupPreparedCapacity", 0,
                                                     10_000),
        state, boolean(policy, "ReuseOnScaleIn", False))
    call.world.groups.advance()
    return xml.answer(call, "")


def delete_warm_pool(call):
    group = find_group(call)
    if group.warm_pool is None:
        raise invalid(f"No warm pool found for Auto Scaling group {group.name}")
    call.world.groups.delete_warm_pool(group)
    return xml.answer(call, "")


def reading(run, parameters):
    return Action(strict(run), frozenset(parameters.split()), listing.page_of)


def writing(run, parameters):
    return Action(strict(run), None if parameters is None else frozenset(parameters.split()),
                  mutating=True)


GROUP = "AutoScalingGroupName"
ACTION = f"{GROUP} LifecycleHookName InstanceId LifecycleActionToken"
SERVICE = Service(
    name="autoscaling",
    version="2011-01-01",
    content_type="text/xml",
    render_error=xml.render_error,
    actions={
        "DescribeAutoScalingGroups": reading(
            listing.describe_groups,
            "AutoScalingGroupNames MaxRecords NextToken Filters IncludeInstances"),
        "DescribeAutoScalingInstances": reading(listing.describe_instances,
                                                "InstanceIds MaxRecords NextToken"),
        "DescribeWarmPool": reading(listing.describe_warm_pool, f"{GROUP} MaxRecords NextToken"),
        "DescribeLifecycleHooks": reading(hooks.describe, f"{GROUP} LifecycleHookNames"),
        "PutLifecycleHook": writing(
            hooks.put, f"{GROUP} LifecycleHookName LifecycleTransition HeartbeatTimeout "
            "DefaultResult NotificationTargetARN RoleARN NotificationMetadata"),
        "DeleteLifecycleHook": writing(hooks.delete, f"{GROUP} LifecycleHookName"),
        "CompleteLifecycleAction": writing(hooks.complete, ACTION + " LifecycleActionResult"),
        "RecordLifecycleActionHeartbeat": writing(hooks.heartbeat, ACTION),
        "CreateAutoScalingGroup": writing(create_group, None),
        "UpdateAutoScalingGroup": writing(update_group, None),
        "DeleteAutoScalingGroup": writing(delete_group, f"{GROUP} ForceDelete"),
        "SetDesiredCapacity": writing(set_desired_capacity,
                                      f"{GROUP} DesiredCapacity HonorCooldown"),
        "TerminateInstanceInAutoScalingGroup": writing(
            terminate_instance, "InstanceId ShouldDecrementDesiredCapacity"),
        "EnterStandby": writing(enter_standby,
                                f"{GROUP} InstanceIds ShouldDecrementDesiredCapacity"),
        "ExitStandby": writing(exit_standby, f"{GROUP} InstanceIds"),
        "PutWarmPool": writing(put_warm_pool, f"{GROUP} MaxGroupPreparedCapacity MinSize PoolState "
                                              "InstanceReusePolicy"),
        "DeleteWarmPool": writing(delete_warm_pool, f"{GROUP} ForceDelete"),
    },
    signature_errors=signature_errors("autoscaling"))
