# SPDX-License-Identifier: MIT
"""Launches and ends of instances by Auto Scaling, through rollcall: order, number, and crashes."""

import collections
import random
import re

import pytest

from fakeaws.client import hook
from system.conftest import configuration
from system.support.waiting import holds_for, wait_until
from system.test_control import status

LAUNCH, TERMINATE = "srvCreation", "srvTermination"
HOOKS = (hook(LAUNCH, "launching"), hook(TERMINATE, "terminating"))
POLL_S = 0.2
DRAIN_S = 2
OURS = {"srv_weight", "ip_address", "srv_drain_since"}


def lifecycle_configuration(drain=f"{DRAIN_S}s", ttl="0s", hooks=True, groups='{"web"}'):
    section = (f'lifecycle {{ launch-hook = "{LAUNCH}" terminate-hook = "{TERMINATE}" '
               f'drain = {drain} resolve-interval = 100ms }}') if hooks else ""
    return configuration(zone=f"ttl = {ttl}", ec2=f"groups = {groups}\n    {section}",
                         poll_s=POLL_S)


def states(aws, group="web"):
    return collections.Counter(aws.lifecycle_states(group).values())


def completions(aws, group="web"):
    """instance id -> how its hooks were completed: (hook, result, by)."""
    found = collections.defaultdict(list)
    for each in aws.asg(group)["history"]:
        found[each["id"]].append((each["hook"], each["result"], each["by"]))
    return found


def tag_names(aws, ids):
    return {each["id"]: OURS & set(each["tags"]) for each in aws.instances() if each["id"] in ids}


def steps(aws, instance):
    """What was done to one instance, in order."""
    return [each["action"] for each in aws.journal() if instance in each["ids"]]


def in_service(aws, count, group="web", limit_s=60):
    aws.wait_for_asg(group, lambda shown: [each["state"] for each in shown["instances"]]
                     == ["InService"] * count, limit_s)


def start_group(aws, count, **options):
    aws.create_asg("web", count, HOOKS, network="10.0.0.0/16", **options)


def ending(aws, ids):
    return [each["id"] for each in aws.asg("web")["instances"]
            if each["id"] in ids and each["state"].startswith("Terminating")]


def wait_for_end(aws, ids, limit_s=60):
    wait_until(lambda: not set(aws.lifecycle_states("web")) & set(ids), limit_s, "they have ended")


@pytest.mark.sanitizers
def test_40_launched_at_once_are_all_served_and_completed_once(fakeaws, start_rollcall):
    server = start_rollcall(lifecycle_configuration(), aws=fakeaws)
    start_group(fakeaws, 40)
    in_service(fakeaws, 40)
    wait_until(lambda: len(server.weights("web")) == 40, 30, "40 in the answer")
    assert set(server.weights("web").values()) == {65535}
    done = completions(fakeaws)
    assert len(done) == 40
    assert all(each == [(LAUNCH, "CONTINUE", "call")] for each in done.values()), done
    for each in fakeaws.instances("web"):
        assert steps(fakeaws, each["id"]) == ["CreateTags", "CompleteLifecycleAction"]
        assert each["tags"]["srv_weight"] == "65535"
        assert each["tags"]["ip_address"] == each["private_address"]


@pytest.mark.sanitizers
def test_six_that_end_are_drained_untagged_and_completed_in_that_order(fakeaws, start_rollcall):
    drain_s = 6  # long enough to be seen on a busy machine
    server = start_rollcall(lifecycle_configuration(drain=f"{drain_s}s"), aws=fakeaws)
    start_group(fakeaws, 12)
    in_service(fakeaws, 12)
    fakeaws.clear_journal()
    fakeaws.scale_asg("web", 6)
    ids = [id_ for id_, state in fakeaws.lifecycle_states("web").items() if state != "InService"]
    assert len(ids) == 6
    wait_until(lambda: sorted(server.weights("web").values()) == [0] * 6 + [65535] * 6, 30,
               "six with weight 0 are still in the answer")
    wait_for_end(fakeaws, ids)
    wait_until(lambda: list(server.weights("web").values()) == [65535] * 6, 30, "six are left")

    journal = [each for each in fakeaws.journal() if set(each["ids"]) & set(ids)]
    assert [each["action"] for each in journal[:1]] == ["CreateTags"]
    for each in ids:
        assert steps(fakeaws, each) == ["CreateTags", "DeleteTags", "CompleteLifecycleAction"]
    tagged, untagged = (next(each["at"] for each in journal if each["action"] == action)
                        for action in ("CreateTags", "DeleteTags"))
    assert untagged - tagged > drain_s - 1, "srv_drain_since has whole seconds"
    assert all(each[-1] == (TERMINATE, "CONTINUE", "call")
               for id_, each in completions(fakeaws).items() if id_ in ids)
    assert set(map(tuple, tag_names(fakeaws, ids).values())) <= {()}


def test_a_batch_of_equal_tags_is_one_call(fakeaws, start_rollcall):
    start_rollcall(lifecycle_configuration(), aws=fakeaws)
    start_group(fakeaws, 20)
    in_service(fakeaws, 20)
    fakeaws.clear_journal()
    fakeaws.scale_asg("web", 0)
    fakeaws.wait_for_asg("web", lambda shown: not shown["instances"], 30)
    counts = collections.Counter(each["action"] for each in fakeaws.journal())
    assert counts["CompleteLifecycleAction"] == 20
    # A look may see the group while it is being scaled, so the batch may come in two parts.
    assert counts["CreateTags"] <= 2 and counts["DeleteTags"] <= 2


def test_without_the_section_auto_scaling_is_never_asked(fakeaws, start_rollcall):
    server = start_rollcall(lifecycle_configuration(hooks=False), aws=fakeaws)
    start_group(fakeaws, 2)
    fakeaws.launch("web", count=1, addresses=["10.1.0.1"])
    wait_until(lambda: len(server.weights("web")) == 1, 30, "the one with a weight")
    fakeaws.wait_for_requests("DescribeInstances", 5, 30)
    assert set(fakeaws.requests()["counts"]) == {"DescribeInstances"}
    assert states(fakeaws) == {"Pending:Wait": 2}


def test_foreign_groups_and_hooks_are_left_alone(fakeaws, start_rollcall):
    start_rollcall(lifecycle_configuration(), aws=fakeaws)
    fakeaws.create_asg("other", 2, HOOKS, network="10.2.0.0/16")
    fakeaws.create_asg("web", 1, [*HOOKS, hook("theirs", "launching")], network="10.0.0.0/16")
    wait_until(lambda: completions(fakeaws), 30, "our hook is done")
    holds_for(lambda: states(fakeaws) == {"Pending:Wait": 1}, 1.5, "their hook is theirs")
    assert list(completions(fakeaws).values()) == [[(LAUNCH, "CONTINUE", "call")]]
    assert states(fakeaws, "other") == {"Pending:Wait": 2}
    assert not completions(fakeaws, "other")
    (waiting,) = fakeaws.lifecycle_states("web")
    assert steps(fakeaws, waiting) == ["CreateTags", "CompleteLifecycleAction"], "not repeated"


def test_standby_is_served_with_weight_0_and_no_tag_is_written(fakeaws, start_rollcall):
    server = start_rollcall(lifecycle_configuration(), aws=fakeaws)
    start_group(fakeaws, 3)
    in_service(fakeaws, 3)
    wait_until(lambda: list(server.weights("web").values()) == [65535] * 3, 30, "three")
    fakeaws.clear_journal()
    chosen = next(iter(fakeaws.lifecycle_states("web")))
    autoscaling = fakeaws.boto3_client("autoscaling")
    autoscaling.enter_standby(AutoScalingGroupName="web", InstanceIds=[chosen],
                              ShouldDecrementDesiredCapacity=True)
    wait_until(lambda: sorted(server.weights("web").values()) == [0, 65535, 65535], 30, "standby")
    autoscaling.exit_standby(AutoScalingGroupName="web", InstanceIds=[chosen])
    wait_until(lambda: list(server.weights("web").values()) == [65535] * 3, 30, "back")
    assert not fakeaws.journal("CreateTags", "DeleteTags")


def test_a_reload_without_the_section_forgets_who_is_in_standby(fakeaws, start_rollcall):
    server = start_rollcall(lifecycle_configuration(), aws=fakeaws)
    start_group(fakeaws, 2)
    in_service(fakeaws, 2)
    chosen = next(iter(fakeaws.lifecycle_states("web")))
    fakeaws.boto3_client("autoscaling").enter_standby(
        AutoScalingGroupName="web", InstanceIds=[chosen], ShouldDecrementDesiredCapacity=True)
    wait_until(lambda: sorted(server.weights("web").values()) == [0, 65535], 30, "standby")
    server.reload()
    wait_until(lambda: server.log_lines("reloaded"), 30, "the reload")
    fakeaws.wait_for_requests("DescribeAutoScalingGroups", 2, 30)
    assert sorted(server.weights("web").values()) == [0, 65535], "kept over a reload"
    server.write_config(lifecycle_configuration(hooks=False))
    server.reload()
    wait_until(lambda: list(server.weights("web").values()) == [65535] * 2, 30, "forgotten")


def test_heartbeats_keep_a_hook_that_is_shorter_than_the_drain(fakeaws, start_rollcall):
    fakeaws.create_asg("web", 1, [hook(LAUNCH, "launching"),
                                  hook(TERMINATE, "terminating", heartbeat_s=8)],
                       network="10.0.0.0/16")
    server = start_rollcall(lifecycle_configuration(drain="12s"), aws=fakeaws)
    in_service(fakeaws, 1)
    wait_until(lambda: server.log_lines("longer than the hook"), 30, "a warning at the start")
    (instance,) = fakeaws.lifecycle_states("web")
    fakeaws.scale_asg("web", 0)
    fakeaws.wait_for_asg("web", lambda shown: not shown["instances"], 60)
    assert completions(fakeaws)[instance][-1] == (TERMINATE, "CONTINUE", "call")
    assert "RecordLifecycleActionHeartbeat" in steps(fakeaws, instance)


def test_without_rights_there_is_one_alarm_and_no_hot_loop(fakeaws, start_rollcall):
    fakeaws.fault("error", "CompleteLifecycleAction", status=403, code="AccessDenied",
                  message="not authorized to perform autoscaling:CompleteLifecycleAction", times=-1)
    fakeaws.fault("error", "RecordLifecycleActionHeartbeat", status=403, code="AccessDenied",
                  message="no", times=-1)
    server = start_rollcall(lifecycle_configuration(), aws=fakeaws)
    start_group(fakeaws, 3)
    wait_until(lambda: server.log_lines("no right for a lifecycle action"), 30, "the alarm")
    fakeaws.wait_for_requests("DescribeAutoScalingGroups", 5, 30)
    assert fakeaws.count("CompleteLifecycleAction") == 1
    assert len(server.log_lines("no right for a lifecycle action")) == 1
    wait_until(lambda: len(server.weights("web")) == 3, 30, "the tags were written all the same")


def test_without_the_right_to_write_tags_no_hook_is_completed(fakeaws, start_rollcall):
    fakeaws.fault("error", "CreateTags", status=403, code="UnauthorizedOperation",
                  message="You are not authorized to perform this operation.", times=-1)
    server = start_rollcall(lifecycle_configuration(), aws=fakeaws)
    start_group(fakeaws, 3)
    wait_until(lambda: server.log_lines("no right for a lifecycle action"), 30, "the alarm")
    fakeaws.wait_for_requests("DescribeAutoScalingGroups", 5, 30)
    assert fakeaws.count("CreateTags") == 1
    assert fakeaws.count("CompleteLifecycleAction") == 0


@pytest.mark.parametrize("action", ["DescribeAutoScalingGroups", "DescribeLifecycleHooks",
                                    "CompleteLifecycleAction", "CreateTags"])
@pytest.mark.parametrize("fault", [
    {"kind": "error", "status": 400, "code": "Throttling", "message": "Rate exceeded"},
    {"kind": "error", "status": 500, "code": "ResourceContention", "message": "busy"},
    {"kind": "drop"}, {"kind": "drop", "after": True}], ids=["throttled", "500", "lost", "late"])
def test_a_failing_call_is_made_again(fakeaws, start_rollcall, action, fault):
    fakeaws.fault(action=action, times=2, **fault)
    server = start_rollcall(lifecycle_configuration(), aws=fakeaws)
    start_group(fakeaws, 2)
    in_service(fakeaws, 2)
    wait_until(lambda: len(server.weights("web")) == 2, 30, "two in the answer")
    assert all(each == [(LAUNCH, "CONTINUE", "call")] for each in completions(fakeaws).values())


def test_an_unknown_hook_is_a_final_failure_told_once(fakeaws, start_rollcall):
    fakeaws.fault("error", "CompleteLifecycleAction", status=400, code="ValidationError",
                  message="Unable to find Lifecycle Hook", times=-1)
    server = start_rollcall(lifecycle_configuration(), aws=fakeaws)
    start_group(fakeaws, 1)
    wait_until(lambda: server.log_lines("lifecycle action refused"), 30, "the refusal")
    fakeaws.wait_for_requests("DescribeAutoScalingGroups", 5, 30)
    assert fakeaws.count("CompleteLifecycleAction") == 1


def test_a_hook_that_somebody_else_completed_counts_as_done(fakeaws, start_rollcall):
    fakeaws.fault("error", "CompleteLifecycleAction", status=400, code="ValidationError",
                  message="No active Lifecycle Action found with instance ID i-0", times=1,
                  after=True)
    server = start_rollcall(lifecycle_configuration(), aws=fakeaws)
    start_group(fakeaws, 1)
    in_service(fakeaws, 1)
    wait_until(lambda: server.log_lines("was done already"), 30, "a line")
    assert fakeaws.count("CompleteLifecycleAction") == 1
    assert not server.log_lines("refused")


def test_stale_reads_after_a_write_repeat_nothing(fakeaws, start_rollcall):
    fakeaws.settings(stale_reads=3)
    server = start_rollcall(lifecycle_configuration(), aws=fakeaws)
    start_group(fakeaws, 4)
    in_service(fakeaws, 4)
    fakeaws.scale_asg("web", 2)
    fakeaws.wait_for_asg("web", lambda shown: len(shown["instances"]) == 2, 30)
    for instance in {each for row in fakeaws.journal() for each in row["ids"]}:
        done = steps(fakeaws, instance)
        assert done[:2] == ["CreateTags", "CompleteLifecycleAction"]
        assert done[2:] in ([], ["CreateTags", "DeleteTags", "CompleteLifecycleAction"])
    wait_until(lambda: len(server.weights("web")) == 2, 30, "two are left")


# Launch of two: CreateTags, CreateTags, Complete, Complete. End of two: CreateTags, DeleteTags,
# Complete, Complete. Killed after each of them, once before rollcall hears of it and once after.
STEPS = 4


def run_killed_after(aws, start_rollcall, step, hears, begin, is_done):
    """Let `begin` happen, SIGKILL rollcall after the call number `step`, and start it again."""
    server = start_rollcall(lifecycle_configuration(drain="1s"), aws=aws)
    wait_until(lambda: aws.count("DescribeAutoScalingGroups") > 0, 30, "rollcall is at work")
    aws.clear_journal()
    if not hears:
        # The call takes effect, its answer never comes: killed while it waits for it.
        aws.fault("delay", "mutating", skip=step, delay_ms=3000)
    begin()
    wait_until(lambda: len(aws.journal()) > step or is_done(), 30, f"call {step}")
    server.kill()
    aws.clear_faults()
    start_rollcall(lifecycle_configuration(drain="1s"), aws=aws)
    wait_until(is_done, 30, f"it converges after a kill at call {step}")


def expect_order(aws, ids, *actions):
    """What was done to each, in this order; only writing tags may have been done again."""
    pattern = "".join(f"({each} )" if each.startswith("Complete") else f"({each} )+"
                      for each in actions)
    for each in ids:
        done = "".join(step + " " for step in steps(aws, each))
        assert re.fullmatch(pattern, done), (each, done)


def expect_once(aws, ids, name):
    """Each hook was completed once, and calls beyond that found it done."""
    for each in ids:
        done = [row for row in completions(aws)[each] if row[0] == name]
        assert done == [(name, "CONTINUE", "call")], (each, done)


@pytest.mark.parametrize("hears", [False, True], ids=["unheard", "heard"])
@pytest.mark.parametrize("step", range(STEPS))
def test_killed_after_every_call_of_a_launch_it_converges(fakeaws, start_rollcall, step, hears):
    fakeaws.create_asg("web", 0, HOOKS, network="10.0.0.0/16")

    def is_done():
        return states(fakeaws) == {"InService": 2}

    run_killed_after(fakeaws, start_rollcall, step, hears,
                     lambda: fakeaws.scale_asg("web", 2), is_done)
    ids = fakeaws.lifecycle_states("web")
    expect_once(fakeaws, ids, LAUNCH)
    expect_order(fakeaws, ids, "CreateTags", "CompleteLifecycleAction")
    for each in fakeaws.instances("web"):
        assert each["tags"]["srv_weight"] == "65535"
        assert each["tags"]["ip_address"] == each["private_address"]


@pytest.mark.parametrize("hears", [False, True], ids=["unheard", "heard"])
@pytest.mark.parametrize("step", range(STEPS))
def test_killed_after_every_call_of_an_end_it_converges(fakeaws, start_rollcall, step, hears):
    start_group(fakeaws, 2)
    first = start_rollcall(lifecycle_configuration(drain="1s"), aws=fakeaws)
    in_service(fakeaws, 2)
    first.kill()
    ids = list(fakeaws.lifecycle_states("web"))

    run_killed_after(fakeaws, start_rollcall, step, hears, lambda: fakeaws.scale_asg("web", 0),
                     lambda: not fakeaws.lifecycle_states("web"))
    expect_once(fakeaws, ids, TERMINATE)
    expect_order(fakeaws, ids, "CreateTags", "DeleteTags", "CompleteLifecycleAction")
    assert set(map(tuple, tag_names(fakeaws, ids).values())) <= {()}


@pytest.mark.parametrize("number", [2, 3])
def test_several_rollcalls_do_not_get_in_each_others_way(fakeaws, start_rollcall, number):
    servers = [start_rollcall(lifecycle_configuration(), aws=fakeaws) for _ in range(number)]
    start_group(fakeaws, 12)
    in_service(fakeaws, 12)
    for server in servers:
        wait_until(lambda: list(server.weights("web").values()) == [65535] * 12, 30, "twelve")
    ids = list(fakeaws.lifecycle_states("web"))
    expect_once(fakeaws, ids, LAUNCH)

    fakeaws.scale_asg("web", 6)
    gone = [id_ for id_, state in fakeaws.lifecycle_states("web").items() if state != "InService"]
    wait_for_end(fakeaws, gone)
    expect_once(fakeaws, gone, TERMINATE)
    for server in servers:
        wait_until(lambda: list(server.weights("web").values()) == [65535] * 6, 30, "six are left")
        assert not server.log_lines("refused")
    assert set(map(tuple, tag_names(fakeaws, gone).values())) <= {()}


ROUNDS = 8


@pytest.mark.parametrize("seed", [1, 2])
def test_three_rollcalls_that_die_at_random_lose_nothing(fakeaws, start_rollcall, seed):
    # A process that is starved for a whole drain may write tags of before: not with 3 s.
    chance = random.Random(seed)
    text = lifecycle_configuration(drain="3s")
    servers = [start_rollcall(text, aws=fakeaws) for _ in range(3)]
    fakeaws.create_asg("web", 0, HOOKS, network="10.0.0.0/16")
    fakeaws.settings(stale_reads=2)
    for _ in range(ROUNDS):
        fakeaws.scale_asg("web", chance.randrange(0, 9))
        made = len(fakeaws.journal())
        some = chance.randrange(1, 4)
        try:
            wait_until(lambda: len(fakeaws.journal()) >= made + some, 2, "some calls")
        except AssertionError:
            pass  # nothing to do for so many
        victim = chance.randrange(3)
        servers[victim].kill()
        servers[victim] = start_rollcall(text, aws=fakeaws)
    fakeaws.scale_asg("web", 5)
    in_service(fakeaws, 5, limit_s=60)
    for server in servers:
        wait_until(lambda: list(server.weights("web").values()) == [65535] * 5, 30, "five")
        assert not server.log_lines("refused")

    here = fakeaws.lifecycle_states("web")
    done = completions(fakeaws)
    assert set(here) <= set(done)
    for each, rows in done.items():
        # One that is taken back while it still waits ends without its launch hook done.
        names = [name for name, *rest in rows if rest == ["CONTINUE", "call"]]
        assert len(names) == len(rows), (each, rows)
        assert names in ([LAUNCH],) if each in here else names in ([TERMINATE], [LAUNCH, TERMINATE])
    # Who tags a launch while it is taken back is too late: another sees no tags yet, and lets it go.
    # It was never in service. Whatever was is gone without tags.
    served = [each for each in set(done) - set(here) if LAUNCH in [row[0] for row in done[each]]]
    left = {each: names for each, names in tag_names(fakeaws, served).items() if names}
    assert not left, [row for row in fakeaws.journal() if any(each in str(row) for each in left)]


@pytest.mark.sanitizers
def test_who_is_in_standby_stays_drained_over_a_restart(fakeaws, start_rollcall):
    """Auto Scaling tells of it later than EC2 of the instance, or not at all for the moment."""
    start_group(fakeaws, 2)
    server = start_rollcall(lifecycle_configuration(), aws=fakeaws)
    in_service(fakeaws, 2)
    wait_until(lambda: sorted(server.weights("web").values()) == [65535] * 2, 30, "both serve")
    asg = fakeaws.boto3_client("autoscaling")
    asg.enter_standby(AutoScalingGroupName="web", InstanceIds=[list(fakeaws.lifecycle_states("web"))[0]],
                      ShouldDecrementDesiredCapacity=True)
    wait_until(lambda: sorted(server.weights("web").values()) == [0, 65535], 30, "one is drained")
    server.stop()
    fakeaws.fault(action="DescribeAutoScalingGroups", kind="drop", times=-1)
    server.start()
    wait_until(lambda: status(server)["sources"][0]["looks"] > 0, 30, "a look")
    assert sorted(server.weights("web").values()) == [0, 65535]
    fakeaws.clear_faults()
    (instance,) = [each for each, state in fakeaws.lifecycle_states("web").items() if state == "Standby"]
    asg.exit_standby(AutoScalingGroupName="web", InstanceIds=[instance])
    wait_until(lambda: sorted(server.weights("web").values()) == [65535] * 2, 30, "both serve again")
