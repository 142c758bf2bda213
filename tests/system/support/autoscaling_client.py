# SPDX-License-Identifier: MIT
"""Short ways to make groups by boto3, to wait for their members, and to be refused."""

import botocore.exceptions
import pytest

LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"
TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"


def refused(call, **arguments):
    """The (code, message, HTTP status) with which the call is refused."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    error = caught.value.response
    return (error["Error"]["Code"], error["Error"]["Message"],
            error["ResponseMetadata"]["HTTPStatusCode"])


def wait_for_states(fakeaws, group, *states):
    """The ids of the group's members once their states are exactly these, in any order."""
    found = fakeaws.wait_for_asg(group, lambda shown: sorted(
        each["state"] for each in shown["instances"]) == sorted(states))
    return [each["id"] for each in found["instances"]]


def path_of(fakeaws, group, instance_id):
    """Every lifecycle state that the instance has entered, in order."""
    return [each["state"] for each in fakeaws.asg(group)["states"] if each["id"] == instance_id]


def completed(fakeaws, group):
    """The actions that ended: [(id, hook, result, by)]."""
    return [(each["id"], each["hook"], each["result"], each["by"])
            for each in fakeaws.asg(group)["history"]]
