# SPDX-License-Identifier: MIT
"""The fake AWS's lifecycle hooks, the journal of writes, and the faults that crash tests need."""

import concurrent.futures
import http.client
import time

import pytest

from fakeaws.client import FakeAwsError, hook
from system.support.autoscaling_client import (LAUNCHING, TERMINATING, completed, path_of, refused,
                                               wait_for_states)
from system.support.ec2_client import described, post, tags_of

WEB = {"AutoScalingGroupName": "web"}
CONTINUE = {"LifecycleActionResult": "CONTINUE"}
ABANDON = {"LifecycleActionResult": "ABANDON"}
ABSENT = "i-0aaaaaaaaaaaaaaaa"


@pytest.fixture
def asg(fakeaws):
    return fakeaws.boto3_client("autoscaling")


@pytest.fixture
def ec2(fakeaws):
    return fakeaws.boto3_client()


def complete(asg, id_, name, **result):
    asg.complete_lifecycle_action(**WEB, LifecycleHookName=name, InstanceId=id_,
                                  **(result or CONTINUE))


# -- the two transitions

def test_a_launch_waits_for_every_hook_and_then_goes_on(fakeaws, asg, ec2):
    fakeaws.create_asg("web", 1, [hook("one", "launching"), hook("two", "launching"),
                                  hook("down", "terminating")])
    (id_,) = wait_for_states(fakeaws, "web", "Pending:Wait")
    assert tags_of(ec2, id_) == {"aws:autoscaling:groupName": "web"}
    complete(asg, id_, "one")
    assert fakeaws.lifecycle_states("web") == {id_: "Pending:Wait"}
    complete(asg, id_, "two")
    assert wait_for_states(fakeaws, "web", "InService") == [id_]
    assert path_of(fakeaws, "web", id_) == ["Pending", "Pending:Wait", "Pending:Proceed",
                                            "InService"]
    assert completed(fakeaws, "web") == [(id_, "one", "CONTINUE", "call"),
                                         (id_, "two", "CONTINUE", "call")]


@pytest.mark.parametrize("first, left", [(CONTINUE, ["two"]), (ABANDON, [])])
def test_a_termination_waits_and_an_abandon_skips_the_other_hooks(fakeaws, asg, first, left):
    fakeaws.create_asg("web", 1, [hook("one", "terminating"), hook("two", "terminating"),
                                  hook("up", "launching")])
    (id_,) = wait_for_states(fakeaws, "web", "Pending:Wait")
    complete(asg, id_, "up")
    wait_for_states(fakeaws, "web", "InService")
    fakeaws.scale_asg("web", 0)
    wait_for_states(fakeaws, "web", "Terminating:Wait")
    assert fakeaws.instances("web")[0]["state"] == "running"
    complete(asg, id_, "one", **first)
    (member,) = fakeaws.asg("web")["instances"]
    assert [each["hook"] for each in member["waiting"]] == left
    for name in left:
        complete(asg, id_, name)
    wait_for_states(fakeaws, "web")
    assert path_of(fakeaws, "web", id_)[-4:] == [
        "Terminating", "Terminating:Wait", "Terminating:Proceed", "Terminated"]
    assert fakeaws.instances("web")[0]["state"] == "terminated"


def test_an_abandoned_launch_is_terminated_and_replaced(fakeaws, asg):
    fakeaws.create_asg("web", 1, [hook("up", "launching")])
    (id_,) = wait_for_states(fakeaws, "web", "Pending:Wait")
    complete(asg, id_, "up", **ABANDON)
    (other,) = wait_for_states(fakeaws, "web", "Pending:Wait")
    assert other != id_
    assert path_of(fakeaws, "web", id_) == ["Pending", "Pending:Wait", "Terminating",
                                            "Terminating:Proceed", "Terminated"]


def test_a_warm_pool_runs_the_launch_hook_twice_and_takes_instances_back(fakeaws, asg):
    fakeaws.create_asg("web", 0, [hook("up", "launching"), hook("down", "terminating")], max=1,
                       warm_pool={"reuse": True})
    (id_,) = wait_for_states(fakeaws, "web", "Warmed:Pending:Wait")
    assert asg.describe_auto_scaling_groups()["AutoScalingGroups"][0]["Instances"] == []
    pool = asg.describe_warm_pool(**WEB)
    assert pool["WarmPoolConfiguration"]["InstanceReusePolicy"] == {"ReuseOnScaleIn": True}
    assert [each["LifecycleState"] for each in pool["Instances"]] == ["Warmed:Pending:Wait"]
    complete(asg, id_, "up")
    wait_for_states(fakeaws, "web", "Warmed:Stopped")
    asg.set_desired_capacity(**WEB, DesiredCapacity=1)
    wait_for_states(fakeaws, "web", "Pending:Wait")
    complete(asg, id_, "up")
    wait_for_states(fakeaws, "web", "InService")
    asg.set_desired_capacity(**WEB, DesiredCapacity=0)
    wait_for_states(fakeaws, "web", "Warmed:Pending:Wait")
    complete(asg, id_, "down")
    wait_for_states(fakeaws, "web", "Warmed:Stopped")
    asg.delete_warm_pool(**WEB)
    wait_for_states(fakeaws, "web", "Warmed:Terminating:Wait")
    complete(asg, id_, "down")
    wait_for_states(fakeaws, "web")
    assert path_of(fakeaws, "web", id_) == [
        "Warmed:Pending", "Warmed:Pending:Wait", "Warmed:Pending:Proceed", "Warmed:Stopped",
        "Pending", "Pending:Wait", "Pending:Proceed", "InService",
        "Warmed:Pending", "Warmed:Pending:Wait", "Warmed:Pending:Proceed", "Warmed:Stopped",
        "Warmed:Terminating", "Warmed:Terminating:Wait", "Warmed:Terminating:Proceed",
        "Warmed:Terminated"]


def test_an_instance_that_dies_while_it_waits_has_no_action_any_more(fakeaws, asg, ec2):
    fakeaws.create_asg("web", 1, [hook("up", "launching")])
    (id_,) = wait_for_states(fakeaws, "web", "Pending:Wait")
    ec2.terminate_instances(InstanceIds=[id_])
    assert "No active Lifecycle Action" in refused(
        asg.complete_lifecycle_action, **WEB, LifecycleHookName="up", InstanceId=id_,
        **CONTINUE)[1]
    assert wait_for_states(fakeaws, "web", "Pending:Wait") != [id_]


# -- time-outs and heartbeats

@pytest.mark.parametrize("transition, result, last", [
    ("launching", "CONTINUE", "InService"), ("launching", "ABANDON", "Terminated"),
    ("terminating", "CONTINUE", "Terminated"), ("terminating", "ABANDON", "Terminated")])
def test_a_hook_that_nobody_completes_ends_with_its_default(fakeaws, transition, result, last):
    fakeaws.settings(time_scale=0.001)
    fakeaws.create_asg("web", 1, [hook("h", transition, 300, result)])
    if transition == "terminating":
        wait_for_states(fakeaws, "web", "InService")
        fakeaws.scale_asg("web", 0)
    group = fakeaws.wait_for_asg("web", lambda group: group["history"])
    (ended, *_) = group["history"]
    assert (ended["hook"], ended["result"], ended["by"]) == ("h", result, "timeout")
    fakeaws.wait_for_asg("web", lambda group: last in [
        each["state"] for each in group["states"] if each["id"] == ended["id"]])


def wait_time_s(fakeaws):
    """How long the first member of web that waited has been waiting."""
    group = fakeaws.wait_for_asg("web", lambda group: group["history"])
    (begun, *_) = [each["at"] for each in group["states"] if each["state"] == "Pending:Wait"]
    return group["history"][0]["at"] - begun, group["history"][0]


def test_a_heartbeat_gives_a_hook_its_full_time_again_up_to_the_global_limit(fakeaws, asg):
    fakeaws.create_asg("web", 1, [hook("up", "launching", 3, "CONTINUE", global_timeout_s=5)])
    (id_,) = wait_for_states(fakeaws, "web", "Pending:Wait")
    deadline = time.monotonic() + 30
    while not fakeaws.asg("web")["history"]:
        assert time.monotonic() < deadline
        try:
            asg.record_lifecycle_action_heartbeat(**WEB, LifecycleHookName="up", InstanceId=id_)
        except asg.exceptions.ClientError as error:
            assert "No active Lifecycle Action" in str(error)
    waited_s, ended = wait_time_s(fakeaws)
    assert 4.9 < waited_s < 10
    assert ended["heartbeats"] > 1


def test_without_a_heartbeat_the_hook_ends_after_one_time_out(fakeaws):
    fakeaws.create_asg("web", 1, [hook("up", "launching", 0.4, "CONTINUE")])
    assert 0.35 < wait_time_s(fakeaws)[0] < 5, "the default is an hour"


def test_the_times_of_a_hook_are_described(fakeaws, asg):
    fakeaws.create_asg("web")
    asg.put_lifecycle_hook(**WEB, LifecycleHookName="up", LifecycleTransition=LAUNCHING)
    asg.put_lifecycle_hook(**WEB, LifecycleHookName="down", LifecycleTransition=TERMINATING,
                           HeartbeatTimeout=300, DefaultResult="CONTINUE")
    up, down = asg.describe_lifecycle_hooks(**WEB)["LifecycleHooks"]
    assert up == {"LifecycleHookName": "up", "AutoScalingGroupName": "web",
                  "LifecycleTransition": LAUNCHING, "HeartbeatTimeout": 3600,
                  "GlobalTimeout": 172_800, "DefaultResult": "ABANDON"}
    assert (down["HeartbeatTimeout"], down["GlobalTimeout"]) == (300, 30_000)
    asg.put_lifecycle_hook(**WEB, LifecycleHookName="down", HeartbeatTimeout=60)
    (down,) = asg.describe_lifecycle_hooks(**WEB, LifecycleHookNames=["down"])["LifecycleHooks"]
    assert (down["HeartbeatTimeout"], down["DefaultResult"]) == (60, "CONTINUE")
    for seconds in (29, 7201):
        assert refused(asg.put_lifecycle_hook, **WEB, LifecycleHookName="down",
                       HeartbeatTimeout=seconds)[::2] == ("ValidationError", 400)


def test_deleting_a_hook_lets_go_what_it_holds(fakeaws, asg):
    fakeaws.create_asg("web", 1, [hook("down", "terminating")])
    wait_for_states(fakeaws, "web", "InService")
    fakeaws.scale_asg("web", 0)
    wait_for_states(fakeaws, "web", "Terminating:Wait")
    asg.delete_lifecycle_hook(**WEB, LifecycleHookName="down")
    wait_for_states(fakeaws, "web")
    assert asg.describe_lifecycle_hooks(**WEB)["LifecycleHooks"] == []


# -- completing what is not there

def test_a_finished_action_is_not_active_any_more(fakeaws, asg):
    fakeaws.create_asg("web", 1, [hook("up", "launching"), hook("down", "terminating")])
    (id_,) = wait_for_states(fakeaws, "web", "Pending:Wait")
    token = fakeaws.asg("web")["instances"][0]["waiting"][0]["token"]
    asg.complete_lifecycle_action(**WEB, LifecycleHookName="up", LifecycleActionToken=token,
                                  **CONTINUE)
    for who, text in (({"InstanceId": id_}, f"instance ID {id_}"),
                      ({"InstanceId": ABSENT}, f"instance ID {ABSENT}"),
                      ({"LifecycleActionToken": token}, f"token {token}")):
        expected = ("ValidationError", f"No active Lifecycle Action found with {text}", 400)
        assert refused(asg.complete_lifecycle_action, **WEB, LifecycleHookName="up", **who,
                       **CONTINUE) == expected
        assert refused(asg.record_lifecycle_action_heartbeat, **WEB, LifecycleHookName="up",
                       **who) == expected
    assert completed(fakeaws, "web") == [(id_, "up", "CONTINUE", "call")]


@pytest.mark.parametrize("change", [
    {"LifecycleHookName": "absent"}, {"AutoScalingGroupName": "absent"},
    {"LifecycleActionResult": "continue"}])
def test_a_wrong_completion_is_another_validation_error(fakeaws, asg, change):
    fakeaws.create_asg("web", 1, [hook("up", "launching")])
    (id_,) = wait_for_states(fakeaws, "web", "Pending:Wait")
    code, message, status = refused(asg.complete_lifecycle_action, **{
        **WEB, "LifecycleHookName": "up", "InstanceId": id_, **CONTINUE, **change})
    assert (code, status) == ("ValidationError", 400)
    assert "No active Lifecycle Action" not in message


# -- what crash tests and races need

def test_the_journal_has_every_write_of_both_services_in_order(fakeaws, asg, ec2):
    fakeaws.create_asg("web", 2, [hook("up", "launching")])
    ids = wait_for_states(fakeaws, "web", "Pending:Wait", "Pending:Wait")
    ec2.create_tags(Resources=ids, Tags=[{"Key": "srv_weight", "Value": "65535"}])
    described(ec2)
    asg.describe_auto_scaling_groups()
    complete(asg, ids[1], "up")
    refused(asg.complete_lifecycle_action, **WEB, LifecycleHookName="up", InstanceId=ids[1],
            **CONTINUE)
    complete(asg, ids[0], "up")
    asg.enter_standby(**WEB, InstanceIds=wait_for_states(fakeaws, "web", *["InService"] * 2),
                      ShouldDecrementDesiredCapacity=True)
    found = fakeaws.journal(effective=False)
    assert [(each["seq"], each["service"], each["action"], each["ids"], each["code"],
             each["effect"]) for each in found] == [
        (1, "ec2", "CreateTags", ids, None, True),
        (2, "autoscaling", "CompleteLifecycleAction", [ids[1]], None, True),
        (3, "autoscaling", "CompleteLifecycleAction", [ids[1]], "ValidationError", False),
        (4, "autoscaling", "CompleteLifecycleAction", [ids[0]], None, True),
        (5, "autoscaling", "EnterStandby", ids, None, True)]
    assert found[0]["params"]["Tag.1.Key"] == "srv_weight"
    assert found[1]["params"]["LifecycleActionResult"] == "CONTINUE"
    assert [each["seq"] for each in fakeaws.journal("CompleteLifecycleAction")] == [2, 4]


@pytest.mark.parametrize("code, status, message", [
    ("Throttling", 400, "Rate exceeded"), ("ResourceContention", 500, "Try again.")])
def test_an_ordered_error_hits_auto_scaling_and_changes_nothing(fakeaws, asg, code, status,
                                                                message):
    fakeaws.create_asg("web", 1, [hook("up", "launching")])
    (id_,) = wait_for_states(fakeaws, "web", "Pending:Wait")
    fakeaws.fault("error", "CompleteLifecycleAction", code=code, status=status, message=message)
    assert refused(asg.complete_lifecycle_action, **WEB, LifecycleHookName="up", InstanceId=id_,
                   **CONTINUE) == (code, message, status)
    assert completed(fakeaws, "web") == []
    complete(asg, id_, "up")
    assert len(completed(fakeaws, "web")) == 1


@pytest.mark.parametrize("after", [False, True])
def test_a_connection_is_dropped_before_or_after_the_effect(fakeaws, after):
    (id_,) = fakeaws.launch("web", tagged=False)
    fakeaws.fault("drop", "CreateTags", after=after)
    with pytest.raises(http.client.RemoteDisconnected):
        post(fakeaws, f"Action=CreateTags&Version=2016-11-15&ResourceId.1={id_}"
                      "&Tag.1.Key=a&Tag.1.Value=b")
    assert ("a" in fakeaws.instances()[0]["tags"]) == after
    assert [each["effect"] for each in fakeaws.journal(effective=False)] == [after]


def test_an_error_can_be_told_although_the_action_took_effect(fakeaws, ec2):
    (id_,) = fakeaws.launch("web", tagged=False)
    fakeaws.fault("error", "CreateTags", code="InternalError", status=500, after=True)
    assert refused(ec2.create_tags, Resources=[id_], Tags=[{"Key": "a", "Value": "b"}])[0] == (
        "InternalError")
    assert fakeaws.instances()[0]["tags"]["a"] == "b"


def test_a_fault_can_wait_for_the_nth_write_of_any_kind(fakeaws, asg, ec2):
    ids = fakeaws.launch("web", count=2)
    fakeaws.create_asg("web", max=1)
    fakeaws.fault("error", "mutating", skip=2, code="Throttling", status=400)
    for id_ in ids:
        ec2.create_tags(Resources=[id_], Tags=[{"Key": "a", "Value": "b"}])
        described(ec2)
    assert refused(asg.set_desired_capacity, **WEB, DesiredCapacity=1)[0] == "Throttling"
    asg.set_desired_capacity(**WEB, DesiredCapacity=1)


def test_a_write_of_tags_can_stay_unseen_for_some_looks(fakeaws, ec2):
    ids = fakeaws.launch("web", count=12, tagged=False, tags={"a": "old"})
    fakeaws.settings(stale_reads=2)
    ec2.create_tags(Resources=ids, Tags=[{"Key": "a", "Value": "new"}])
    seen = []
    for _ in range(3):
        pages = ec2.get_paginator("describe_instances").paginate(
            Filters=[{"Name": "tag:a", "Values": ["old"]}], PaginationConfig={"PageSize": 5})
        seen.append(sum(len(each["Instances"]) for page in pages
                        for each in page["Reservations"]))
    assert seen == [12, 12, 0]
    assert fakeaws.instances()[0]["tags"]["a"] == "new"
    ec2.delete_tags(Resources=ids[:1], Tags=[{"Key": "a"}])
    assert [tags_of(ec2, ids[0]).get("a") for _ in range(3)] == ["new", "new", None]


def test_of_three_clients_that_race_one_completes_each_action(fakeaws):
    hooks = [hook(f"up{number}", "launching") for number in range(40)]
    fakeaws.create_asg("web", 40, hooks)
    ids = wait_for_states(fakeaws, "web", *["Pending:Wait"] * 40)

    def complete_all(client):
        """How many completions this client has been granted."""
        granted = 0
        for id_ in ids:
            for each in hooks[:4]:
                try:
                    complete(client, id_, each["name"])
                    granted += 1
                except client.exceptions.ClientError as error:
                    assert "No active Lifecycle Action" in str(error)
        return granted

    clients = [fakeaws.boto3_client("autoscaling") for _ in range(3)]
    with concurrent.futures.ThreadPoolExecutor(len(clients)) as pool:
        assert sum(pool.map(complete_all, clients)) == 40 * 4
    found = completed(fakeaws, "web")
    assert len(found) == len(set(found)) == 40 * 4
    assert {each["state"] for each in fakeaws.asg("web")["instances"]} == {"Pending:Wait"}


@pytest.mark.parametrize("path, body, why", [
    ("asg", {"name": "web"}, "exists"), ("asg/scale", {"name": "absent", "desired": 1}, "absent"),
    ("asg", {"name": "x", "hooks": [{"name": "h", "transition": "up"}]}, "up"),
    ("asg", {"name": "x", "instances": [ABSENT]}, ABSENT), ("asg/absent", None, "absent"),
    ("settings", {"speed": 1}, "speed"), ("settings", {"time_scale": 0}, "time_scale")])
def test_a_wrong_order_to_the_control_api_is_refused(fakeaws, path, body, why):
    fakeaws.create_asg("web")
    with pytest.raises(FakeAwsError, match=why):
        fakeaws.control(path, body)
