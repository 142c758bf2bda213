# SPDX-License-Identifier: MIT
"""The fake AWS accepts botocore's signatures, and nothing that differs from what was signed."""

import xml.etree.ElementTree as ElementTree

import pytest

from system.support.ec2_client import DESCRIBE, described, post, refusal


@pytest.fixture
def ec2(fakeaws):
    return fakeaws.boto3_client()


@pytest.mark.parametrize("overrides, expected", [
    ({"aws_secret_access_key": "wrong"}, ("AuthFailure", 401)),
    ({"aws_access_key_id": "AKIAUNKNOWN"}, ("AuthFailure", 401)),
    ({"region_name": "us-east-1"}, ("AuthFailure", 401)),
    ({"aws_session_token": "for a key that has none"}, ("AuthFailure", 401)),
])
def test_wrong_credentials_are_refused(fakeaws, overrides, expected):
    assert refusal(fakeaws.boto3_client(**overrides).describe_instances) == expected


@pytest.mark.parametrize("skew_s, accepted", [
    (1200, False), (-1200, False), (840, True), (-840, True)])
def test_a_date_may_be_off_by_fifteen_minutes(fakeaws, ec2, skew_s, accepted):
    fakeaws.clock(skew_s)
    if accepted:
        assert described(ec2) == []
    else:
        assert refusal(ec2.describe_instances) == ("RequestExpired", 400)


def replace_body(request):
    request.data = DESCRIBE + "&MaxResults=6"


def drop_authorization(request):
    del request.headers["Authorization"]


def replace_date(request):
    del request.headers["X-Amz-Date"]
    request.headers["X-Amz-Date"] = "20200101T000000Z"


def add_unsigned_header(request):
    request.headers["X-Amz-Meta"] = "not signed"


def sign_an_absent_header(request):
    value = request.headers["Authorization"].replace("SignedHeaders=", "SignedHeaders=a;")
    del request.headers["Authorization"]
    request.headers["Authorization"] = value


@pytest.mark.parametrize("change, status, code", [
    (replace_body, 401, "AuthFailure"),
    (drop_authorization, 403, "MissingAuthenticationToken"),
    (replace_date, 400, "IncompleteSignature"),
    (add_unsigned_header, 401, "AuthFailure"),
    (sign_an_absent_header, 400, "IncompleteSignature"),
])
def test_a_request_that_differs_from_what_was_signed_is_refused(fakeaws, change, status, code):
    assert post(fakeaws, DESCRIBE)[0] == 200
    found, text = post(fakeaws, DESCRIBE, change=change)
    assert (found, f"<Code>{code}</Code>" in text) == (status, True), text


def test_a_scope_for_another_service_is_refused(fakeaws):
    status, text = post(fakeaws, DESCRIBE, service="sqs")
    assert (status, "<Code>AuthFailure</Code>" in text) == (401, True)


@pytest.mark.parametrize("body, code", [
    ("Version=2016-11-15", "MissingAction"),
    ("Action=DescribeInstances&Version=2010-01-01", "NoSuchVersion"),
    ("Action=DescribeNothing&Version=2016-11-15", "InvalidAction"),
    (DESCRIBE + "&Colour=red", "UnknownParameter"),
    (DESCRIBE + "&Filter.1.Key=red", "UnknownParameter"),
    (DESCRIBE + "&MaxResults=5&MaxResults=6", "InvalidQueryParameter"),
    (DESCRIBE + "&MaxResults=%ff", "MalformedQueryString"),
    ("Action=CreateTags&Version=2016-11-15&Tag.1.Key=x", "MissingParameter"),
])
def test_a_request_that_no_model_allows_is_refused(fakeaws, body, code):
    status, text = post(fakeaws, body)
    root = ElementTree.fromstring(text)
    assert (status, root.tag, root.findtext("Errors/Error/Code")) == (400, "Response", code)
    assert root.findtext("RequestID")
