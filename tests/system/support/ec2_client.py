# SPDX-License-Identifier: MIT
"""Short ways to ask EC2 by boto3, and to send it what boto3 would never send."""

import urllib.error
import urllib.request

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.exceptions
import pytest

DESCRIBE = "Action=DescribeInstances&Version=2016-11-15"


def instances_of(answer):
    return [each for reservation in answer["Reservations"] for each in reservation["Instances"]]


def described(ec2, **arguments):
    return instances_of(ec2.describe_instances(**arguments))


def tags_of(ec2, instance_id):
    (found,) = described(ec2, InstanceIds=[instance_id])
    return {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}


def refusal(call, **arguments):
    """The (code, HTTP status) with which the call is refused."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    return (caught.value.response["Error"]["Code"],
            caught.value.response["ResponseMetadata"]["HTTPStatusCode"])


def post(fakeaws, body, service="ec2", change=lambda request: None):
    """Sign a form with botocore, let `change` spoil it, send it: (status, text)."""
    request = botocore.awsrequest.AWSRequest(
        "POST", fakeaws.endpoint + "/", data=body,
        headers={"Content-Type": "application/x-www-form-urlencoded"})
    keys = botocore.credentials.Credentials(fakeaws.access_key, fakeaws.secret_key)
    botocore.auth.SigV4Auth(keys, service, fakeaws.region).add_auth(request)
    change(request)
    sent = urllib.request.Request(request.url, data=request.data.encode(),
                                  headers=dict(request.headers))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(sent, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
