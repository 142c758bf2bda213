# SPDX-License-Identifier: MIT
"""XML as Auto Scaling writes it: lists are <member>s. Names are those of botocore's model."""

import math

from .xmlout import DECLARATION, element, escape, timestamp

NAMESPACE = "http://autoscaling.amazonaws.com/doc/2011-01-01/"


def members(name, rendered):
    """A list of already rendered members."""
    inner = "".join(f"<member>{each}</member>" for each in rendered)
    return f"<{name}>{inner}</{name}>" if inner else f"<{name}/>"


def whole_seconds(seconds):
    return max(1, math.ceil(seconds))


def boolean(name, value):
    return element(name, "true" if value else "false")


def answer(call, result=None, namespace=NAMESPACE):
    """`result` None: an action that has none, not even an empty one."""
    wrapped = "" if result is None else f"<{call.action}Result>{result}</{call.action}Result>"
    return (f'{DECLARATION}<{call.action}Response xmlns="{namespace}">{wrapped}'
            f"<ResponseMetadata><RequestId>{call.request_id}</RequestId></ResponseMetadata>"
            f"</{call.action}Response>")


def render_error(error, request_id, namespace=NAMESPACE):
    kind = "Sender" if error.status < 500 else "Receiver"
    return (f'{DECLARATION}<ErrorResponse xmlns="{namespace}"><Error><Type>{kind}</Type>'
            f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>")


def arn(world, group):
    return (f"arn:aws:autoscaling:{world.region}:{world.account}:autoScalingGroup:"
            f"00000000-0000-4000-8000-{group.sequence:012d}:autoScalingGroupName/{group.name}")


def launch_template(group):
    return (f"<LaunchTemplate><LaunchTemplateId>lt-{group.sequence:017x}</LaunchTemplateId>"
            f"{element('LaunchTemplateName', group.template)}<Version>1</Version></LaunchTemplate>")


def instance(group, member):
    return "".join([
        element("InstanceId", member.id), element("InstanceType", member.instance.type),
        element("AvailabilityZone", member.instance.az), element("LifecycleState", member.state),
        element("HealthStatus", "Healthy" if member.is_healthy else "Unhealthy"),
        launch_template(group), boolean("ProtectedFromScaleIn", False)])


def owned_instance(group, member):
    """As DescribeAutoScalingInstances has it; the status is in capitals only there."""
    return (element("AutoScalingGroupName", group.name)
            + instance(group, member).replace("Healthy<", "HEALTHY<")
                                     .replace("Unhealthy<", "UNHEALTHY<"))


def tag(group, key, value, propagated):
    return "".join([element("ResourceId", group.name),
                    element("ResourceType", "auto-scaling-group"), element("Key", key),
                    element("Value", value), boolean("PropagateAtLaunch", propagated)])


def warm_pool_configuration(pool):
    inner = "".join([
        "" if pool.max_prepared < 0 else element("MaxGroupPreparedCapacity", pool.max_prepared),
        element("MinSize", pool.min_size), element("PoolState", pool.pool_state),
        f"<InstanceReusePolicy>{boolean('ReuseOnScaleIn', pool.reuse)}</InstanceReusePolicy>"])
    return f"<WarmPoolConfiguration>{inner}</WarmPoolConfiguration>"


def group_item(world, group, with_instances):
    zones = group.zones or [world.region + "a"]
    listed = group.of_pool(False) if with_instances else []
    pool = "" if group.warm_pool is None else (
        warm_pool_configuration(group.warm_pool)
        + element("WarmPoolSize", len(group.of_pool())))
    return "".join([
        element("AutoScalingGroupName", group.name),
        element("AutoScalingGroupARN", arn(world, group)), launch_template(group),
        element("MinSize", group.min_size), element("MaxSize", group.max_size),
        element("DesiredCapacity", group.desired), element("DefaultCooldown", 300),
        members("AvailabilityZones", [escape(each) for each in zones]),
        members("LoadBalancerNames", []), members("TargetGroupARNs", []),
        element("HealthCheckType", "EC2"), element("HealthCheckGracePeriod", 300),
        members("Instances", [instance(group, each) for each in listed]),
        element("CreatedTime", timestamp(group.created_s)), members("SuspendedProcesses", []),
        element("VPCZoneIdentifier", "subnet-0a1b2c3d4e5f60718"), members("EnabledMetrics", []),
        members("Tags", [tag(group, *each) for each in group.tags]),
        members("TerminationPolicies", ["Default"]),
        boolean("NewInstancesProtectedFromScaleIn", False), pool])


def hook_item(group, hook):
    return "".join([
        element("LifecycleHookName", hook.name), element("AutoScalingGroupName", group.name),
        element("LifecycleTransition", hook.transition),
        element("NotificationTargetARN", hook.target_arn), element("RoleARN", hook.role_arn),
        element("NotificationMetadata", hook.metadata),
        element("HeartbeatTimeout", whole_seconds(hook.heartbeat_s)),
        element("GlobalTimeout", whole_seconds(hook.total_s)),
        element("DefaultResult", hook.default_result)])


def activity(world, group, member, what):
    return "".join([
        element("ActivityId", f"00000000-0000-4000-9000-{member.instance.sequence:012d}"),
        element("AutoScalingGroupName", group.name),
        element("Description", f"{what}: {member.id}"),
        element("Cause", f"A user asked for it: {what}."),
        element("StartTime", timestamp(world.clock.now_s())),
        element("StatusCode", "InProgress"), element("Progress", 0), element("Details", "{}")])
