# SPDX-License-Identifier: MIT
"""The fake AWS judged by the AWS command line."""

import json
import os
import subprocess

import pytest

AWS = "/usr/bin/aws"


@pytest.fixture
def aws(fakeaws):
    """A function that runs `aws ec2 ...` and returns its JSON, None when it prints nothing."""
    def run(*words, secret_key=fakeaws.secret_key):
        environment = fakeaws.environment()
        environment.update(AWS_SECRET_ACCESS_KEY=secret_key, AWS_MAX_ATTEMPTS="1", AWS_PAGER="",
                           PATH=os.defpath)
        done = subprocess.run([AWS, "--endpoint-url", fakeaws.endpoint, "--output", "json",
                               "ec2", *words], env=environment, capture_output=True, text=True,
                              timeout=60, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr)
        return json.loads(done.stdout) if done.stdout.strip() else None
    return run


def test_an_instance_from_launch_to_termination(fakeaws, aws):
    launched = aws("run-instances", "--image-id", "ami-0123456789abcdef0", "--count", "1",
                   "--instance-type", "t3.small", "--tag-specifications",
                   "ResourceType=instance,Tags=[{Key=srv_weight,Value=65535}]")
    (instance,) = launched["Instances"]
    id_ = instance["InstanceId"]
    assert (instance["State"]["Name"], instance["InstanceType"]) == ("pending", "t3.small")

    aws("create-tags", "--resources", id_, "--tags", "Key=srv_weight,Value=0",
        "Key=note,Value=a & <b>")
    assert fakeaws.instances()[0]["tags"] == {"srv_weight": "0", "note": "a & <b>"}
    aws("delete-tags", "--resources", id_, "--tags", "Key=note")
    described = aws("describe-instances", "--filters", "Name=tag:srv_weight,Values=0",
                    "Name=instance-state-name,Values=running")
    (found,) = described["Reservations"][0]["Instances"]
    assert found["Tags"] == [{"Key": "srv_weight", "Value": "0"}]

    ended = aws("terminate-instances", "--instance-ids", id_)["TerminatingInstances"]
    assert ended[0]["CurrentState"] == {"Code": 32, "Name": "shutting-down"}
    (found,) = aws("describe-instances", "--instance-ids", id_)["Reservations"][0]["Instances"]
    assert found["State"]["Name"] in ("shutting-down", "terminated")


def test_the_command_line_pages_through_a_group(fakeaws, aws):
    ids = fakeaws.launch("web", count=12)
    found = aws("describe-instances", "--page-size", "5", "--query",
                "Reservations[].Instances[].InstanceId")
    assert found == ids
    assert fakeaws.count("DescribeInstances") == 3


@pytest.mark.parametrize("words, options, expected", [
    (["describe-instances"], {"secret_key": "wrong"}, "(AuthFailure)"),
    (["describe-instances", "--filters", "Name=colour,Values=red"], {}, "(InvalidParameterValue)"),
    (["create-tags", "--resources", "i-0aaaaaaaaaaaaaaaa", "--tags", "Key=a,Value=b"], {},
     "(InvalidInstanceID.NotFound)"),
])
def test_an_error_reaches_the_user_with_its_code(aws, words, options, expected):
    with pytest.raises(RuntimeError) as caught:
        aws(*words, **options)
    assert expected in str(caught.value)
