# SPDX-License-Identifier: MIT
"""The fake AWS judged by a client that we did not write: boto3, and its model of EC2."""

import xml.etree.ElementTree as ElementTree

import botocore.session
import pytest

from system.support.ec2_client import DESCRIBE, described, instances_of, post, refusal, tags_of

NAMESPACE = "{http://ec2.amazonaws.com/doc/2016-11-15/}"
UNKNOWN_ID = "i-0aaaaaaaaaaaaaaaa"
WAITER = {"Delay": 0.05, "MaxAttempts": 100}


@pytest.fixture
def ec2(fakeaws):
    return fakeaws.boto3_client()


# -- listing

def test_a_paginator_sees_each_of_2500_instances_once(fakeaws, ec2):
    ids = fakeaws.launch("web", count=2500)
    pages = list(ec2.get_paginator("describe_instances").paginate(
        PaginationConfig={"PageSize": 1000}))
    assert [len(instances_of(page)) for page in pages] == [1000, 1000, 500]
    assert [each["InstanceId"] for page in pages for each in instances_of(page)] == ids
    for page in pages[:-1]:
        assert set("+/=") <= set(page["NextToken"])
    assert "NextToken" not in pages[-1]
    assert fakeaws.count("DescribeInstances") == 3
    assert [each["page"] for each in fakeaws.recent("DescribeInstances")] == [1, 2, 3]


def test_pages_count_instances_and_not_reservations(fakeaws, ec2):
    for _ in range(3):
        fakeaws.launch("web", count=4)
    first = ec2.describe_instances(MaxResults=5)
    assert [len(each["Instances"]) for each in first["Reservations"]] == [4, 1]
    second = ec2.describe_instances(MaxResults=5, NextToken=first["NextToken"])
    assert [len(each["Instances"]) for each in second["Reservations"]] == [3, 2]
    third = ec2.describe_instances(MaxResults=5, NextToken=second["NextToken"])
    assert [len(each["Instances"]) for each in third["Reservations"]] == [2]


def test_an_instance_is_described_as_ec2_does(fakeaws, ec2):
    (id_,) = fakeaws.launch("web", count=1, addresses=["10.0.7.9"], az="eu-west-1b")
    fakeaws.change_instance(id_, secondary_addresses=["10.0.7.10"],
                            extra_interfaces=["10.0.8.1"], ipv6_addresses=["2001:db8::1"])
    (found,) = described(ec2)
    assert found["InstanceId"] == id_
    assert found["State"] == {"Code": 16, "Name": "running"}
    assert found["PrivateIpAddress"] == "10.0.7.9"
    assert found["Ipv6Address"] == "2001:db8::1"
    assert found["Placement"]["AvailabilityZone"] == "eu-west-1b"
    assert {"Key": "srv_weight", "Value": "65535"} in found["Tags"]
    primary, second = found["NetworkInterfaces"]
    assert primary["Attachment"]["DeviceIndex"] == 0
    assert [(each["PrivateIpAddress"], each["Primary"])
            for each in primary["PrivateIpAddresses"]] == [("10.0.7.9", True),
                                                           ("10.0.7.10", False)]
    assert second["PrivateIpAddress"] == "10.0.8.1"


def strangers(node, shape, path):
    """Elements that the service model does not know, by path."""
    if shape.type_name == "list":
        for child in node:
            yield from strangers(child, shape.member, path + "/item")
    elif shape.type_name == "structure":
        known = {member.serialization.get("name", name): member
                 for name, member in shape.members.items()}
        for child in node:
            name = child.tag.removeprefix(NAMESPACE)
            if name not in known:
                yield f"{path}/{name}"
            else:
                yield from strangers(child, known[name], f"{path}/{name}")
    elif len(node):
        yield f"{path} has children"


@pytest.mark.parametrize("state", ["pending", "running", "stopped", "terminated"])
def test_every_element_is_one_that_the_service_model_names(fakeaws, state):
    (id_,) = fakeaws.launch("web", count=1)
    fakeaws.change_instance(id_, state=state)
    status, text = post(fakeaws, DESCRIBE + "&MaxResults=5")
    root = ElementTree.fromstring(text)
    assert (status, root.tag) == (200, NAMESPACE + "DescribeInstancesResponse")
    root.remove(root.find(NAMESPACE + "requestId"))
    model = botocore.session.get_session().get_service_model("ec2")
    shape = model.operation_model("DescribeInstances").output_shape
    assert not list(strangers(root, shape, ""))


@pytest.mark.parametrize("filters, expected", [
    ({"tag-key": ["aws:autoscaling:groupName"]}, "abcd"),
    ({"tag:aws:autoscaling:groupName": ["web"]}, "ab"),
    ({"tag:aws:autoscaling:groupName": ["web", "api"]}, "abc"),
    ({"tag:aws:autoscaling:groupName": ["WEB"]}, ""),
    ({"tag:aws:autoscaling:groupName": ["w*"]}, "abd"),
    ({"tag:aws:autoscaling:groupName": ["w?b"]}, "abd"),
    ({"tag:aws:autoscaling:groupName": ["w?"]}, ""),
    ({"tag:aws:autoscaling:groupName": ["w\\*b"]}, "d"),
    ({"tag:aws:autoscaling:groupName": ["w[a-z]b"]}, ""),
    ({"tag-key": ["aws:autoscaling:groupName"], "instance-state-name": ["running"]}, "abd"),
    ({"instance-state-name": ["stopped", "terminated"]}, "ce"),
    ({"private-ip-address": ["10.0.0.2"]}, "b"),
    ({"private-ip-address": ["*"]}, "abcd"),
    ({"availability-zone": ["eu-west-1c"]}, "b"),
    ({"vpc-id": ["vpc-0a1b2c3d4e5f60718"]}, "abcd"),
    ({"vpc-id": ["vpc-00000000000000000"]}, ""),
    ({"tag:absent": ["*"]}, ""),
])
def test_filters_are_anded_and_their_values_are_ored(fakeaws, ec2, filters, expected):
    ids = {"a": fakeaws.launch("web", addresses=["10.0.0.1"])[0],
           "b": fakeaws.launch("web", addresses=["10.0.0.2"], az="eu-west-1c")[0],
           "c": fakeaws.launch("api", addresses=["10.0.0.3"], state="stopped")[0],
           "d": fakeaws.launch("w*b", addresses=["10.0.0.4"])[0],
           "e": fakeaws.launch(None, tagged=False, state="terminated")[0]}
    found = described(ec2, Filters=[{"Name": name, "Values": values}
                                    for name, values in filters.items()])
    letters = {id_: letter for letter, id_ in ids.items()}
    assert "".join(letters[each["InstanceId"]] for each in found) == expected


@pytest.mark.parametrize("arguments, code", [
    ({"MaxResults": 4}, "InvalidParameterValue"),
    ({"MaxResults": 1001}, "InvalidParameterValue"),
    ({"NextToken": "a+b/c="}, "InvalidParameterValue"),
    ({"Filters": [{"Name": "no-such-filter", "Values": ["x"]}]}, "InvalidParameterValue"),
    ({"Filters": [{"Name": "vpc-id", "Values": []}]}, "InvalidParameterValue"),
    ({"Filters": [{"Name": "vpc-id", "Values": ["x"] * 201}]}, "FilterLimitExceeded"),
    ({"InstanceIds": [UNKNOWN_ID]}, "InvalidInstanceID.NotFound"),
    ({"InstanceIds": ["i-xyz"]}, "InvalidInstanceID.Malformed"),
])
def test_a_wrong_listing_is_refused_as_ec2_does(ec2, arguments, code):
    assert refusal(ec2.describe_instances, **arguments) == (code, 400)


def test_max_results_does_not_go_with_instance_ids(fakeaws, ec2):
    ids = fakeaws.launch("web", count=2)
    assert refusal(ec2.describe_instances, InstanceIds=ids, MaxResults=5) == (
        "InvalidParameterCombination", 400)
    assert [each["InstanceId"] for each in described(ec2, InstanceIds=ids)] == ids


def test_a_token_is_good_for_its_own_query_only(fakeaws, ec2):
    fakeaws.launch("web", count=6)
    by_state = [{"Name": "instance-state-name", "Values": ["running"]}]
    token = ec2.describe_instances(MaxResults=5, Filters=by_state)["NextToken"]
    assert len(described(ec2, MaxResults=5, Filters=by_state, NextToken=token)) == 1
    assert refusal(ec2.describe_instances, MaxResults=5, NextToken=token) == (
        "InvalidParameterValue", 400)


def test_a_dry_run_changes_nothing(fakeaws, ec2):
    (id_,) = fakeaws.launch("web")
    assert refusal(ec2.terminate_instances, InstanceIds=[id_], DryRun=True) == (
        "DryRunOperation", 412)
    assert fakeaws.instances()[0]["state"] == "running"


# -- tags

@pytest.mark.parametrize("value", [
    "", " ", "0", "a & b <c> \"q\" 'x' ]]>", "+/=%25&Tag.2.Key=x", "é漢𝔘", "漢" * 256,
    "\ttab\nline\r\nend"])
def test_a_tag_value_comes_back_as_it_was_written(fakeaws, ec2, value):
    ids = fakeaws.launch("web", count=2, tagged=False)
    ec2.create_tags(Resources=ids, Tags=[{"Key": "note", "Value": "old"}])
    ec2.create_tags(Resources=ids, Tags=[{"Key": "note", "Value": value}])
    for id_ in ids:
        assert tags_of(ec2, id_)["note"] == value


@pytest.mark.parametrize("tags, code", [
    ({"k" * 129: "v"}, "InvalidParameterValue"),
    ({"k": "v" * 257}, "InvalidParameterValue"),
    ({"aws:autoscaling:groupName": "mine"}, "InvalidParameterValue"),
    ({"AWS:x": "v"}, "InvalidParameterValue"),
    ({"": "v"}, "MissingParameter"),
    ({"bell": "\a"}, "InvalidParameterValue"),
    ({f"k{number}": "v" for number in range(51)}, "TagLimitExceeded"),
])
def test_a_tag_beyond_the_rules_is_refused(fakeaws, ec2, tags, code):
    (id_,) = fakeaws.launch("web", tagged=False)
    assert refusal(ec2.create_tags, Resources=[id_], Tags=[
        {"Key": key, "Value": value} for key, value in tags.items()]) == (code, 400)
    assert tags_of(ec2, id_) == {"aws:autoscaling:groupName": "web"}


def test_fifty_tags_fit_beside_the_reserved_ones_and_no_more(fakeaws, ec2):
    (id_,) = fakeaws.launch("web", tagged=False)
    ec2.create_tags(Resources=[id_], Tags=[{"Key": f"k{number}", "Value": ""}
                                           for number in range(50)])
    assert len(tags_of(ec2, id_)) == 51
    ec2.create_tags(Resources=[id_], Tags=[{"Key": "k7", "Value": "again"}])
    assert refusal(ec2.create_tags, Resources=[id_], Tags=[{"Key": "one", "Value": "more"}]) == (
        "TagLimitExceeded", 400)


@pytest.mark.parametrize("resource, code", [
    (UNKNOWN_ID, "InvalidInstanceID.NotFound"), ("web-1", "InvalidID")])
def test_one_bad_resource_fails_the_whole_batch(fakeaws, ec2, resource, code):
    (id_,) = fakeaws.launch("web")
    for change in (ec2.create_tags, ec2.delete_tags):
        assert refusal(change, Resources=[id_, resource],
                       Tags=[{"Key": "srv_weight", "Value": "0"}]) == (code, 400)
    assert tags_of(ec2, id_)["srv_weight"] == "65535"


def test_a_batch_holds_a_thousand_resources(fakeaws, ec2):
    ids = fakeaws.launch("web", count=1001)
    tags = [{"Key": "srv_weight", "Value": "7"}]
    ec2.create_tags(Resources=ids[:1000], Tags=tags)
    assert tags_of(ec2, ids[999])["srv_weight"] == "7"
    assert refusal(ec2.create_tags, Resources=ids, Tags=tags)[1] == 400
    assert tags_of(ec2, ids[1000])["srv_weight"] == "65535"


@pytest.mark.parametrize("why, tags, left", [
    ("the key alone deletes any value", [{"Key": "a"}], {"b", "empty"}),
    ("an equal value deletes", [{"Key": "a", "Value": "1"}], {"b", "empty"}),
    ("another value does not", [{"Key": "a", "Value": "2"}], {"a", "b", "empty"}),
    ("an empty value deletes an empty tag only", [{"Key": "a", "Value": ""},
                                                  {"Key": "empty", "Value": ""}], {"a", "b"}),
    ("an absent key is no error", [{"Key": "absent"}], {"a", "b", "empty"}),
    ("no tag at all deletes every user tag", None, set()),
])
def test_delete_tags(fakeaws, ec2, why, tags, left):
    (id_,) = fakeaws.launch("web", tagged=False, tags={"a": "1", "b": "2", "empty": ""})
    ec2.delete_tags(Resources=[id_], **({} if tags is None else {"Tags": tags}))
    assert set(tags_of(ec2, id_)) == left | {"aws:autoscaling:groupName"}, why


# -- states

def test_a_launched_instance_walks_to_running_and_a_terminated_one_to_its_end(ec2):
    answer = ec2.run_instances(
        ImageId="ami-0123456789abcdef0", MinCount=1, MaxCount=2, InstanceType="m5.large",
        Placement={"AvailabilityZone": "eu-west-1c"},
        TagSpecifications=[{"ResourceType": "instance",
                            "Tags": [{"Key": "srv_weight", "Value": "1"}]},
                           {"ResourceType": "volume", "Tags": [{"Key": "x", "Value": "y"}]}])
    ids = [each["InstanceId"] for each in answer["Instances"]]
    assert [each["State"]["Name"] for each in answer["Instances"]] == ["pending", "pending"]
    ec2.get_waiter("instance_running").wait(InstanceIds=ids, WaiterConfig=WAITER)
    first, second = described(ec2, InstanceIds=ids)
    assert first["PrivateIpAddress"] != second["PrivateIpAddress"]
    assert (first["InstanceType"], first["Placement"]["AvailabilityZone"]) == (
        "m5.large", "eu-west-1c")
    assert first["Tags"] == [{"Key": "srv_weight", "Value": "1"}]

    (change,) = ec2.terminate_instances(InstanceIds=ids[:1])["TerminatingInstances"]
    assert (change["PreviousState"]["Name"], change["CurrentState"]["Name"]) == (
        "running", "shutting-down")
    ec2.get_waiter("instance_terminated").wait(InstanceIds=ids[:1], WaiterConfig=WAITER)
    gone, left = described(ec2)
    assert "PrivateIpAddress" not in gone and "SubnetId" not in gone
    assert gone["StateReason"]["Code"] == "Client.UserInitiatedShutdown"
    assert left["State"]["Name"] == "running" and "PrivateIpAddress" in left


def test_a_stopped_instance_keeps_its_address_and_starts_again(fakeaws, ec2):
    ids = fakeaws.launch("web", addresses=["10.0.0.9"])
    ec2.stop_instances(InstanceIds=ids)
    ec2.get_waiter("instance_stopped").wait(InstanceIds=ids, WaiterConfig=WAITER)
    assert described(ec2)[0]["PrivateIpAddress"] == "10.0.0.9"
    ec2.start_instances(InstanceIds=ids)
    ec2.get_waiter("instance_running").wait(InstanceIds=ids, WaiterConfig=WAITER)
    ec2.terminate_instances(InstanceIds=ids)
    assert refusal(ec2.start_instances, InstanceIds=ids) == ("IncorrectInstanceState", 400)


def test_the_same_client_token_launches_once(ec2):
    arguments = dict(ImageId="ami-0123456789abcdef0", MinCount=1, MaxCount=1, ClientToken="once")
    first, second = (ec2.run_instances(**arguments) for _ in range(2))
    assert first["Instances"][0]["InstanceId"] == second["Instances"][0]["InstanceId"]
    assert len(described(ec2)) == 1
