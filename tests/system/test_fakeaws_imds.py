# SPDX-License-Identifier: MIT
"""The fake instance metadata service, judged by botocore and by its own rules."""

import http.client
import json
import urllib.parse

import botocore.utils
import pytest

from system.support.ec2_client import described, refusal


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    """botocore's fetcher takes proxies from the environment."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def role_credentials(fakeaws):
    found = botocore.utils.InstanceMetadataFetcher(
        base_url=fakeaws.imds_endpoint + "/").retrieve_iam_role_credentials()
    return dict(aws_access_key_id=found["access_key"], aws_secret_access_key=found["secret_key"],
                aws_session_token=found["token"])


def imds(fakeaws, method, path, **headers):
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(fakeaws.imds_endpoint).netloc)
    connection.request(method, path, headers={name.replace("_", "-"): value
                                              for name, value in headers.items()})
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def test_the_role_of_the_instance_is_accepted_by_ec2(fakeaws):
    keys = role_credentials(fakeaws)
    assert keys["aws_access_key_id"].startswith("ASIA")
    assert described(fakeaws.boto3_client(**keys)) == []
    without = dict(keys, aws_session_token=None)
    assert refusal(fakeaws.boto3_client(**without).describe_instances) == ("AuthFailure", 401)
    wrong = dict(keys, aws_session_token=keys["aws_session_token"][::-1])
    assert refusal(fakeaws.boto3_client(**wrong).describe_instances) == ("AuthFailure", 401)


def test_credentials_of_a_role_end_and_are_renewed(fakeaws):
    keys = role_credentials(fakeaws)
    assert role_credentials(fakeaws) == keys
    fakeaws.imds(expires_in_s=-1)
    ended = role_credentials(fakeaws)
    assert ended != keys
    assert refusal(fakeaws.boto3_client(**ended).describe_instances) == ("RequestExpired", 400)


def test_metadata_is_given_for_a_token_only(fakeaws):
    path, ttl = "/latest/api/token", "X_aws_ec2_metadata_token_ttl_seconds"
    assert imds(fakeaws, "PUT", path)[0] == 400
    for wrong in ("0", "21601", "x"):
        assert imds(fakeaws, "PUT", path, **{ttl: wrong})[0] == 400
    status, token = imds(fakeaws, "PUT", path, **{ttl: "21600"})
    assert status == 200
    region = "/latest/meta-data/placement/region"
    assert imds(fakeaws, "GET", region)[0] == 401
    assert imds(fakeaws, "GET", region, X_aws_ec2_metadata_token="wrong")[0] == 401
    good = {"X_aws_ec2_metadata_token": token}
    assert imds(fakeaws, "GET", region, **good) == (200, "eu-west-1")
    assert imds(fakeaws, "GET", "/latest/meta-data/nothing", **good)[0] == 404
    document = imds(fakeaws, "GET", "/latest/dynamic/instance-identity/document", **good)[1]
    assert json.loads(document)["region"] == "eu-west-1"
    fakeaws.imds(role=None)
    assert imds(fakeaws, "GET", "/latest/meta-data/iam/security-credentials/", **good)[0] == 404
    fakeaws.imds(v1_only=True)
    assert imds(fakeaws, "PUT", path, **{ttl: "60"})[0] == 404
    assert imds(fakeaws, "GET", region)[0] == 200
    fakeaws.imds(up=False)
    with pytest.raises(http.client.RemoteDisconnected):
        imds(fakeaws, "GET", region)


def test_metadata_can_fail_too_and_only_when_named(fakeaws):
    fakeaws.fault("error", "*", times=-1)
    assert imds(fakeaws, "GET", "/latest/meta-data/instance-id")[0] == 401
    fakeaws.fault("error", "IMDS", status=500)
    assert imds(fakeaws, "GET", "/latest/meta-data/instance-id")[0] == 500
    assert fakeaws.count("IMDS") == 2
