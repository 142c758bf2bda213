# SPDX-License-Identifier: MIT
"""STS, containers' credentials and further regions and accounts of the fake AWS, judged by boto3
and botocore's own providers."""

import datetime

import botocore.credentials
import botocore.exceptions
import botocore.utils
import pytest

from fakeaws.client import FakeAwsError, start
from system.support.ec2_client import described, post, refusal

OTHER = "210987654321"
SESSION = "rollcall"


@pytest.fixture
def sts(fakeaws):
    return fakeaws.boto3_client("sts")


def overrides(credentials):
    """Of a client that signs with what STS gave."""
    return {"aws_access_key_id": credentials["AccessKeyId"],
            "aws_secret_access_key": credentials["SecretAccessKey"],
            "aws_session_token": credentials["SessionToken"]}


def ids(aws, **keys):
    return [each["InstanceId"] for each in described(aws.boto3_client(**keys))]


# -- STS

def test_everybody_learns_who_they_are(fakeaws, sts):
    found = sts.get_caller_identity()
    assert (found["Account"], found["Arn"]) == ("123456789012",
                                                "arn:aws:iam::123456789012:user/fake")
    assert refusal(fakeaws.boto3_client("sts", aws_secret_access_key="wrong").get_caller_identity
                   ) == ("SignatureDoesNotMatch", 403)
    assert refusal(fakeaws.boto3_client("sts", aws_access_key_id="AKIDNOBODY").get_caller_identity
                   ) == ("InvalidClientTokenId", 403)


def test_an_assumed_role_works_until_its_keys_end(fakeaws, sts):
    found = sts.assume_role(RoleArn=fakeaws.role("reader"), RoleSessionName=SESSION,
                            DurationSeconds=900)
    left = found["Credentials"]["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
    assert 880 < left.total_seconds() <= 900
    assert found["AssumedRoleUser"]["Arn"] == (
        "arn:aws:sts::123456789012:assumed-role/reader/rollcall")
    keys = overrides(found["Credentials"])
    who = fakeaws.boto3_client("sts", **keys).get_caller_identity()
    assert (who["Arn"], who["UserId"]) == (found["AssumedRoleUser"]["Arn"],
                                           found["AssumedRoleUser"]["AssumedRoleId"])
    assert ids(fakeaws, **keys) == []
    assert refusal(fakeaws.boto3_client(**{**keys, "aws_session_token": None}).describe_instances
                   ) == ("AuthFailure", 401)
    fakeaws.clock(901)  # the signatures themselves may be as late
    assert refusal(fakeaws.boto3_client(**keys).describe_instances) == ("RequestExpired", 400)
    fakeaws.clock(890)
    assert ids(fakeaws, **keys) == []


def test_a_role_can_be_made_to_end_soon(fakeaws, sts):
    arn = fakeaws.role("short", lifetime_s=-1)
    found = sts.assume_role(RoleArn=arn, RoleSessionName=SESSION)
    keys = overrides(found["Credentials"])
    assert refusal(fakeaws.boto3_client("sts", **keys).get_caller_identity) == (
        "ExpiredToken", 403)


@pytest.mark.parametrize("why, options, asked, expected", [
    ("no such role", None, {}, ("AccessDenied", 403)),
    ("no external id", {"external_id": "letmein"}, {}, ("AccessDenied", 403)),
    ("the wrong one", {"external_id": "letmein"}, {"ExternalId": "open"}, ("AccessDenied", 403)),
    ("an account that is not trusted", {"trusted": [OTHER]}, {}, ("AccessDenied", 403)),
    ("longer than the role's", {}, {"DurationSeconds": 3601}, ("ValidationError", 400)),
    ("a space in the session's name", {}, {"RoleSessionName": "roll call"},
     ("ValidationError", 400)),
    ("an external id with a space", {}, {"ExternalId": "let me in"}, ("ValidationError", 400)),
    ("no ARN of a role", {}, {"RoleArn": "arn:aws:iam::123456789012:user/x"},
     ("ValidationError", 400))])
def test_a_role_is_refused(fakeaws, sts, why, options, asked, expected):
    arn = "arn:aws:iam::123456789012:role/none"
    if options is not None:
        arn = fakeaws.role("reader", **options)
    assert refusal(sts.assume_role, **{"RoleArn": arn, "RoleSessionName": SESSION,
                                       **asked}) == expected, why


def test_the_right_external_id_opens_and_an_unasked_one_does_no_harm(fakeaws, sts):
    asked = dict(RoleSessionName=SESSION, ExternalId="letmein")
    assert sts.assume_role(RoleArn=fakeaws.role("strict", external_id="letmein"), **asked)
    assert sts.assume_role(RoleArn=fakeaws.role("open"), **asked)


def test_a_chain_of_roles_leads_to_another_account_for_an_hour_at_most(fakeaws, sts):
    theirs = fakeaws.in_world(account=OTHER)
    (id_,) = theirs.launch("api")
    near = fakeaws.role("near")
    far = theirs.role("far", trusted=["123456789012"], max_duration_s=43200)
    first = sts.assume_role(RoleArn=near, RoleSessionName=SESSION)["Credentials"]
    chained = fakeaws.boto3_client("sts", **overrides(first))
    assert refusal(chained.assume_role, RoleArn=far, RoleSessionName=SESSION,
                   DurationSeconds=3601) == ("ValidationError", 400)
    second = chained.assume_role(RoleArn=far, RoleSessionName=SESSION,
                                 DurationSeconds=3600)["Credentials"]
    assert ids(fakeaws, **overrides(second)) == [id_]
    assert ids(fakeaws) == []


def test_a_web_identity_needs_no_keys_at_all(fakeaws):
    arn = fakeaws.role("pod")
    fakeaws.web_identity("a-token", role=arn)
    fakeaws.web_identity("for-another", role="arn:aws:iam::123456789012:role/else")
    fakeaws.web_identity("an-old-one", expired=True)
    sts = fakeaws.boto3_client("sts", aws_access_key_id="AKIDNOBODY")
    asked = dict(RoleArn=arn, RoleSessionName=SESSION)
    found = sts.assume_role_with_web_identity(WebIdentityToken="a-token", **asked)
    assert ids(fakeaws, **overrides(found["Credentials"])) == []
    for token, expected in (("for-another", ("AccessDenied", 403)),
                            ("an-old-one", ("ExpiredTokenException", 400)),
                            ("unknown", ("InvalidIdentityToken", 400))):
        assert refusal(sts.assume_role_with_web_identity, WebIdentityToken=token,
                       **asked) == expected
    fakeaws.fault("error", "AssumeRoleWithWebIdentity", code="IDPCommunicationError", status=400)
    assert refusal(sts.assume_role_with_web_identity, WebIdentityToken="a-token",
                   **asked) == ("IDPCommunicationError", 400)


# -- containers' credentials

def container_keys(fakeaws, token=None, path="/v2/credentials/0a1b2c3d"):
    found = botocore.utils.ContainerMetadataFetcher(sleep=lambda _: None).retrieve_full_uri(
        fakeaws.container_endpoint + path, {"Authorization": token} if token else {})
    return {"aws_access_key_id": found["AccessKeyId"],
            "aws_secret_access_key": found["SecretAccessKey"], "aws_session_token": found["Token"]}


def test_a_container_gets_keys_that_ec2_accepts(fakeaws):
    keys = container_keys(fakeaws)
    assert ids(fakeaws, **keys) == []
    assert container_keys(fakeaws) == keys
    fakeaws.container(token="secret", expires_in_s=-1)
    ended = container_keys(fakeaws, "secret")
    assert ended != keys
    assert refusal(fakeaws.boto3_client(**ended).describe_instances) == ("RequestExpired", 400)
    assert fakeaws.count("CONTAINER") == 3


@pytest.mark.parametrize("settings, asked, status", [
    ({"token": "secret"}, {}, "401"), ({"token": "secret"}, {"token": "wrong"}, "401"),
    ({"path": "/v1/credentials"}, {}, "400")])
def test_a_container_that_asks_wrongly_gets_nothing(fakeaws, settings, asked, status):
    fakeaws.container(**settings)
    with pytest.raises(botocore.exceptions.MetadataRetrievalError, match=status):
        container_keys(fakeaws, **asked)


def test_the_containers_endpoint_fails_when_told_to(fakeaws):
    fakeaws.fault("error", "*", times=-1)
    assert container_keys(fakeaws)
    fakeaws.fault("error", "CONTAINER", status=500, times=-1)
    with pytest.raises(botocore.exceptions.MetadataRetrievalError, match="500"):
        container_keys(fakeaws)
    fakeaws.clear_faults()
    fakeaws.container(up=False)
    with pytest.raises(botocore.exceptions.MetadataRetrievalError):
        container_keys(fakeaws)


# -- regions and accounts

def test_each_region_of_each_account_is_a_world_of_its_own(fakeaws):
    west = fakeaws.in_world("us-west-2")
    theirs = fakeaws.in_world("us-west-2", OTHER)
    worlds = (fakeaws, west, theirs)
    launched = [world.launch("web") for world in worlds]
    assert [ids(world) for world in worlds] == launched
    assert [len(world.instances()) for world in worlds] == [1, 1, 1]
    owners = [world.boto3_client().describe_instances()["Reservations"][0]["OwnerId"]
              for world in worlds]
    assert owners == ["123456789012", "123456789012", OTHER]
    zones = [described(world.boto3_client())[0]["Placement"]["AvailabilityZone"]
             for world in worlds]
    assert zones == ["eu-west-1a", "us-west-2a", "us-west-2a"]
    assert [world.count("DescribeInstances") for world in worlds] == [3, 3, 3]


def test_a_fault_in_one_region_is_none_in_the_others(fakeaws):
    west = fakeaws.in_world("us-west-2")
    west.fault("error", times=-1)
    assert refusal(west.boto3_client().describe_instances) == ("RequestLimitExceeded", 503)
    assert ids(fakeaws) == []
    west.reset()
    assert ids(west) == []


def test_a_region_exists_once_it_is_named_and_until_the_reset(fakeaws):
    east = fakeaws.boto3_client(region_name="us-east-1")
    assert refusal(east.describe_instances) == ("AuthFailure", 401)
    fakeaws.in_world("us-east-1")
    assert described(east) == []
    fakeaws.reset()
    assert refusal(east.describe_instances) == ("AuthFailure", 401)
    with pytest.raises(FakeAwsError, match="names no world"):
        fakeaws.in_world("atlantis")


def test_regions_can_be_there_from_the_start():
    with start(region=["eu-west-1", "eu-north-1"]) as aws:
        assert aws.region == "eu-west-1"
        assert described(aws.boto3_client(region_name="eu-north-1")) == []


def test_an_unknown_version_of_a_service_is_refused(fakeaws):
    status, text = post(fakeaws, "Action=GetCallerIdentity&Version=2011-06-16", service="sts")
    assert (status, "AuthFailure" in text) == (401, True)


@pytest.mark.parametrize("arguments", [
    "", "&RoleArn={arn}", "&RoleArn={arn}&RoleSessionName=r", "&RoleArn={arn}&RoleSessionName=%20",
    "&RoleArn={arn}&RoleSessionName=rollcall&DurationSeconds=899",
    "&RoleArn={arn}&RoleSessionName=rollcall&DurationSeconds=43201",
    "&RoleArn={arn}&RoleSessionName=rollcall&DurationSeconds=1h"])
def test_what_botocore_would_not_send_is_refused_too(fakeaws, arguments):
    body = "Action=AssumeRole&Version=2011-06-15" + arguments.format(arn=fakeaws.role())
    status, text = post(fakeaws, body, service="sts")
    assert (status, "<Code>ValidationError</Code>" in text) == (400, True), text
