# SPDX-License-Identifier: MIT
"""The fake Auto Scaling judged by boto3, botocore's service model and the AWS command line."""

import json
import os
import subprocess
import xml.etree.ElementTree as ElementTree

import botocore.session
import pytest

from fakeaws.client import hook
from system.support.autoscaling_client import (LAUNCHING, TERMINATING, path_of, refused,
                                               wait_for_states)
from system.support.ec2_client import described, post, tags_of

VERSION = "&Version=2011-01-01"
NAMESPACE = "{http://autoscaling.amazonaws.com/doc/2011-01-01/}"
ABSENT = "i-0aaaaaaaaaaaaaaaa"
CONTINUE = {"LifecycleActionResult": "CONTINUE"}


@pytest.fixture
def asg(fakeaws):
    return fakeaws.boto3_client("autoscaling")


def create(asg, name="web", **arguments):
    asg.create_auto_scaling_group(**{
        "AutoScalingGroupName": name, "MinSize": 0, "MaxSize": 9, "AvailabilityZones": [
            "eu-west-1a", "eu-west-1b"], "LaunchTemplate": {"LaunchTemplateName": "web"},
        **arguments})


def groups_of(asg, **arguments):
    return asg.describe_auto_scaling_groups(**arguments)["AutoScalingGroups"]


# -- listing

def test_a_group_is_described_as_auto_scaling_does(asg):
    create(asg, DesiredCapacity=2, Tags=[{"Key": "team", "Value": "a & <b>"}])
    (group,) = groups_of(asg)
    assert (group["MinSize"], group["MaxSize"], group["DesiredCapacity"]) == (0, 9, 2)
    assert group["AvailabilityZones"] == ["eu-west-1a", "eu-west-1b"]
    assert [each["AvailabilityZone"] for each in group["Instances"]] == group["AvailabilityZones"]
    assert group["Tags"] == [{"ResourceId": "web", "ResourceType": "auto-scaling-group",
                              "Key": "team", "Value": "a & <b>", "PropagateAtLaunch": False}]
    assert "WarmPoolConfiguration" not in group


def test_groups_come_in_pages_of_fifty_and_of_a_hundred_at_most(fakeaws, asg):
    names = [f"g{number}" for number in range(120)]
    for name in names:
        fakeaws.create_asg(name)
    pages = list(asg.get_paginator("describe_auto_scaling_groups").paginate())
    assert [len(page["AutoScalingGroups"]) for page in pages] == [50, 50, 20]
    assert [group["AutoScalingGroupName"] for page in pages
            for group in page["AutoScalingGroups"]] == names
    assert len(groups_of(asg, MaxRecords=100)) == 100
    assert refused(asg.describe_auto_scaling_groups, MaxRecords=101)[0] == "ValidationError"
    assert refused(asg.describe_auto_scaling_groups, NextToken="x")[::2] == (
        "InvalidNextToken", 400)
    assert refused(asg.describe_auto_scaling_groups,
                   AutoScalingGroupNames=names[:51])[0] == "ValidationError"


def test_a_fault_can_hit_a_page_of_groups(fakeaws, asg):
    for number in range(60):
        fakeaws.create_asg(f"g{number}")
    paginator = asg.get_paginator("describe_auto_scaling_groups")
    fakeaws.fault("empty-page", "DescribeAutoScalingGroups", page=2)
    assert [len(page["AutoScalingGroups"]) for page in paginator.paginate()] == [50, 0, 10]
    fakeaws.fault("repeat-token", "DescribeAutoScalingGroups", page=2)
    with pytest.raises(botocore.exceptions.PaginationError):
        list(paginator.paginate())
    fakeaws.fault("empty", "DescribeAutoScalingGroups")
    assert groups_of(asg) == []


@pytest.mark.parametrize("arguments, expected", [
    ({}, ["web", "api", "none"]),
    ({"AutoScalingGroupNames": ["api", "absent"]}, ["api"]),
    ({"Filters": [{"Name": "tag-key", "Values": ["team"]}]}, ["web", "api"]),
    ({"Filters": [{"Name": "tag:team", "Values": ["a", "c"]}]}, ["web"]),
    ({"Filters": [{"Name": "tag-value", "Values": ["b"]}]}, ["api"]),
    ({"Filters": [{"Name": "tag-key", "Values": ["team"]},
                  {"Name": "tag-value", "Values": ["b"]}]}, ["api"]),
])
def test_groups_are_chosen_by_name_and_tag(fakeaws, asg, arguments, expected):
    fakeaws.create_asg("web", tags={"team": "a"})
    fakeaws.create_asg("api", tags={"team": "b"})
    fakeaws.create_asg("none")
    assert [each["AutoScalingGroupName"] for each in groups_of(asg, **arguments)] == expected


def test_instances_are_listed_by_id_and_unknown_ids_are_ignored(fakeaws, asg):
    fakeaws.create_asg("web", 60)
    ids = [each["id"] for each in fakeaws.asg("web")["instances"]]
    found = asg.describe_auto_scaling_instances(InstanceIds=[ids[7], ABSENT])
    (only,) = found["AutoScalingInstances"]
    assert (only["InstanceId"], only["AutoScalingGroupName"], only["HealthStatus"]) == (
        ids[7], "web", "HEALTHY")
    pages = list(asg.get_paginator("describe_auto_scaling_instances").paginate())
    assert [len(page["AutoScalingInstances"]) for page in pages] == [50, 10]
    assert refused(asg.describe_auto_scaling_instances, InstanceIds=ids[:51])[::2] == (
        "ValidationError", 400)


def strangers(node, shape, path):
    """Elements that the service model does not know, by path."""
    if shape.type_name == "list":
        for child in node:
            assert child.tag == NAMESPACE + "member"
            yield from strangers(child, shape.member, path + "/member")
    elif shape.type_name == "structure":
        for child in node:
            name = child.tag.removeprefix(NAMESPACE)
            if name not in shape.members:
                yield f"{path}/{name}"
            else:
                yield from strangers(child, shape.members[name], f"{path}/{name}")
    elif len(node):
        yield f"{path} has children"


@pytest.mark.parametrize("action, form", [
    ("DescribeAutoScalingGroups", ""), ("DescribeAutoScalingInstances", ""),
    ("DescribeWarmPool", "&AutoScalingGroupName=web"),
    ("DescribeLifecycleHooks", "&AutoScalingGroupName=web"),
    ("EnterStandby", "&AutoScalingGroupName=web&ShouldDecrementDesiredCapacity=true"
                     "&InstanceIds.member.1={id}"),
    ("TerminateInstanceInAutoScalingGroup",
     "&ShouldDecrementDesiredCapacity=true&InstanceId={id}"),
])
def test_every_element_is_one_that_the_service_model_names(fakeaws, action, form):
    fakeaws.create_asg("web", 1, tags={"a": "b"}, warm_pool={"min_size": 1})
    (id_,) = [each["id"] for each in fakeaws.wait_for_asg("web", lambda group: any(
        each["state"] == "InService" for each in group["instances"]))["instances"]
        if each["state"] == "InService"]
    fakeaws.boto3_client("autoscaling").put_lifecycle_hook(
        AutoScalingGroupName="web", LifecycleHookName="h", LifecycleTransition=LAUNCHING)
    status, text = post(fakeaws, f"Action={action}{VERSION}{form.format(id=id_)}", "autoscaling")
    root = ElementTree.fromstring(text)
    assert (status, root.tag) == (200, f"{NAMESPACE}{action}Response")
    result = root.find(f"{NAMESPACE}{action}Result")
    model = botocore.session.get_session().get_service_model("autoscaling")
    shape = model.operation_model(action).output_shape
    assert len(result) > 0
    assert not list(strangers(result, shape, ""))


# -- capacity

def test_a_group_grows_and_shrinks_to_what_is_desired(fakeaws, asg):
    create(asg, DesiredCapacity=1)
    (oldest,) = wait_for_states(fakeaws, "web", "InService")
    asg.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=3)
    first, *others = wait_for_states(fakeaws, "web", *["InService"] * 3)
    assert first == oldest
    asg.update_auto_scaling_group(AutoScalingGroupName="web", MaxSize=2)
    assert wait_for_states(fakeaws, "web", "InService", "InService") == others
    states = {each["id"]: each["state"] for each in fakeaws.instances("web")}
    assert states == {oldest: "terminated", **dict.fromkeys(others, "running")}
    assert path_of(fakeaws, "web", oldest) == [
        "Pending", "Pending:Proceed", "InService", "Terminating", "Terminating:Proceed",
        "Terminated"]


@pytest.mark.parametrize("desired", [0, 10])
def test_the_limits_of_a_group_hold(asg, desired):
    create(asg, MinSize=1, DesiredCapacity=1)
    code, message, status = refused(asg.set_desired_capacity, AutoScalingGroupName="web",
                                    DesiredCapacity=desired)
    assert (code, status) == ("ValidationError", 400)
    assert str(desired) in message


def test_a_launched_instance_has_the_group_tag_and_what_is_propagated_only(fakeaws, asg):
    create(asg, DesiredCapacity=1, Tags=[
        {"Key": "role", "Value": "web", "PropagateAtLaunch": True},
        {"Key": "cost", "Value": "7", "PropagateAtLaunch": False}])
    (id_,) = wait_for_states(fakeaws, "web", "InService")
    assert tags_of(fakeaws.boto3_client(), id_) == {"aws:autoscaling:groupName": "web",
                                                    "role": "web"}


def test_a_terminated_member_is_replaced_unless_the_capacity_goes_down_with_it(fakeaws, asg):
    create(asg, DesiredCapacity=2)
    first, second = wait_for_states(fakeaws, "web", "InService", "InService")
    answer = asg.terminate_instance_in_auto_scaling_group(
        InstanceId=first, ShouldDecrementDesiredCapacity=True)
    assert first in answer["Activity"]["Description"]
    assert wait_for_states(fakeaws, "web", "InService") == [second]
    fakeaws.boto3_client().terminate_instances(InstanceIds=[second])
    shown = fakeaws.wait_for_asg("web", lambda group: [
        each["state"] for each in group["instances"] if each["id"] != second] == ["InService"])
    assert shown["desired"] == 1
    assert refused(asg.terminate_instance_in_auto_scaling_group, InstanceId=ABSENT,
                   ShouldDecrementDesiredCapacity=True)[0] == "ValidationError"


def test_existing_instances_can_be_taken_into_a_group(fakeaws, asg):
    ids = fakeaws.launch("web", count=3)
    fakeaws.create_asg("web", instances=ids, hooks=[hook("down", "terminating")])
    assert fakeaws.lifecycle_states("web") == dict.fromkeys(ids, "InService")
    fakeaws.scale_asg("web", 2)
    wait_for_states(fakeaws, "web", "Terminating:Wait", "InService", "InService")
    assert fakeaws.lifecycle_states("web")[ids[0]] == "Terminating:Wait"


def test_a_group_that_is_not_empty_is_deleted_by_force_only(fakeaws, asg):
    fakeaws.create_asg("web", 1, hooks=[hook("down", "terminating")])
    assert refused(asg.delete_auto_scaling_group, AutoScalingGroupName="web")[0] == "ResourceInUse"
    asg.delete_auto_scaling_group(AutoScalingGroupName="web", ForceDelete=True)
    assert groups_of(asg) == []
    # On a slow machine it has got further.
    assert described(fakeaws.boto3_client())[0]["State"]["Name"] in ("shutting-down", "terminated")


# -- standby

def test_standby_and_back_runs_no_hook(fakeaws, asg):
    fakeaws.create_asg("web", 2)
    first, second = wait_for_states(fakeaws, "web", "InService", "InService")
    asg.put_lifecycle_hook(AutoScalingGroupName="web", LifecycleHookName="up",
                           LifecycleTransition=LAUNCHING)
    asg.enter_standby(AutoScalingGroupName="web", InstanceIds=[first],
                      ShouldDecrementDesiredCapacity=True)
    wait_for_states(fakeaws, "web", "Standby", "InService")
    assert [each["state"] for each in fakeaws.instances("web")] == ["running", "running"]
    assert refused(asg.enter_standby, AutoScalingGroupName="web", InstanceIds=[first],
                   ShouldDecrementDesiredCapacity=True)[0] == "ValidationError"
    asg.exit_standby(AutoScalingGroupName="web", InstanceIds=[first])
    assert wait_for_states(fakeaws, "web", "InService", "InService") == [first, second]
    assert path_of(fakeaws, "web", first)[-5:] == [
        "EnteringStandby", "Standby", "Pending", "Pending:Proceed", "InService"]


# -- errors and access

@pytest.mark.parametrize("call, arguments", [
    ("describe_lifecycle_hooks", {}), ("describe_warm_pool", {}), ("delete_warm_pool", {}),
    ("update_auto_scaling_group", {}), ("set_desired_capacity", {"DesiredCapacity": 1}),
    ("complete_lifecycle_action", {"LifecycleHookName": "h", "InstanceId": ABSENT, **CONTINUE}),
    ("record_lifecycle_action_heartbeat", {"LifecycleHookName": "h", "InstanceId": ABSENT}),
    ("put_lifecycle_hook", {"LifecycleHookName": "h", "LifecycleTransition": TERMINATING}),
    ("exit_standby", {"InstanceIds": [ABSENT]}),
])
def test_an_unknown_group_is_a_validation_error(asg, call, arguments):
    code, message, status = refused(getattr(asg, call), AutoScalingGroupName="absent", **arguments)
    assert (code, status) == ("ValidationError", 400)
    assert "absent" in message


@pytest.mark.parametrize("form", [
    "Action=DescribeLifecycleHooks", "Action=DescribeAutoScalingGroups&MaxRecords=x",
    "Action=DescribeAutoScalingGroups&AutoScalingGroupNames.1=web",
    "Action=DescribeAutoScalingGroups&AutoScalingGroupNames.member.x=web",
    "Action=EnterStandby&AutoScalingGroupName.1=x"])
def test_a_malformed_request_is_a_validation_error(fakeaws, form):
    status, text = post(fakeaws, form + VERSION, "autoscaling")
    root = ElementTree.fromstring(text)
    assert (status, root.tag) == (400, NAMESPACE + "ErrorResponse")
    assert root.findtext(f"{NAMESPACE}Error/{NAMESPACE}Type") == "Sender"
    assert root.findtext(f"{NAMESPACE}Error/{NAMESPACE}Code") == "ValidationError"


@pytest.mark.parametrize("service, overrides, code", [
    ("ec2", {}, "SignatureDoesNotMatch"),
    ("autoscaling", {"aws_access_key_id": "AKIDUNKNOWN"}, "InvalidClientTokenId"),
    ("autoscaling", {"aws_secret_access_key": "wrong"}, "SignatureDoesNotMatch"),
    ("autoscaling", {"region_name": "us-east-1"}, "SignatureDoesNotMatch")])
def test_a_wrong_signature_is_refused_with_the_codes_of_this_service(fakeaws, service, overrides,
                                                                     code):
    if overrides:
        client = fakeaws.boto3_client(service, **overrides)
        assert refused(client.describe_auto_scaling_groups)[::2] == (code, 403)
    else:
        status, text = post(fakeaws, "Action=DescribeAutoScalingGroups" + VERSION, service)
        assert status == 403 and f"<Code>{code}</Code>" in text


def test_the_command_line_scales_a_group(fakeaws):
    def aws(*words):
        environment = fakeaws.environment()
        environment.update(AWS_PAGER="", PATH=os.defpath)
        done = subprocess.run(["/usr/bin/aws", "--endpoint-url", fakeaws.endpoint, "--output",
                               "json", "autoscaling", *words], env=environment,
                              capture_output=True, text=True, timeout=60, check=True)
        return json.loads(done.stdout) if done.stdout.strip() else None

    fakeaws.create_asg("web", max=2)
    aws("set-desired-capacity", "--auto-scaling-group-name", "web", "--desired-capacity", "1")
    (id_,) = wait_for_states(fakeaws, "web", "InService")
    (group,) = aws("describe-auto-scaling-groups", "--auto-scaling-group-names",
                   "web")["AutoScalingGroups"]
    assert [(each["InstanceId"], each["LifecycleState"]) for each in group["Instances"]] == [
        (id_, "InService")]
