# SPDX-License-Identifier: MIT
"""Our signatures against those of botocore's signer, over a grid of requests."""

import calendar
import datetime
import itertools
import json
import subprocess

import botocore.auth
import botocore.awsrequest
import botocore.credentials

from system.support.rollcall import BUILD

SIGNER = BUILD / "tests" / "unit-discovery-aws-sigv4"

SERVICES = ["ec2", "autoscaling", "sqs", "sts"]
REGIONS = ["eu-west-1", "us-gov-east-1", "cn-north-1"]
TOKENS = [None, "AQoDYXdzEPT//////////wEXAMPLE+token=="]
BODIES = [
    "",
    "Action=DescribeInstances&Version=2016-11-15&MaxResults=1000&NextToken=a%2Bb%2Fc%3D%3D",
    '{"QueueUrl":"https://sqs.eu-west-1.amazonaws.com/1/q","MaxNumberOfMessages":10}',
    "Tag.1.Value=" + "\u6f22" * 256 + " & \u00e9",
    "x" * 70000,
]
# What is asked for, and further headers: letter case, white space and sorting traps.
SHAPES = [
    ("POST", "/", "", {}),
    ("POST", "/", "", {"X-Amz-Target": "AmazonSQS.ReceiveMessage"}),
    ("POST", "/", "", {"x-aMz-fOo-BaR": "  a   b  ", "X-Amz-Foo": "c", "X-AMZ-FOO-A": "\td\t"}),
    ("POST", "/path/with space/\u6f22/a%20b//c/../d/", "", {}),
    ("GET", "/", "b=2&a=1&a=0&Empty=&c=%2B%20%2F", {"content-TYPE": "text/plain"}),
]
MOMENTS = [datetime.datetime(2026, 11, 22, 13, 58, 28), datetime.datetime(2028, 2, 29, 0, 0, 0)]
ACCESS_KEY = "AKIDEXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


class FrozenDatetime(datetime.datetime):
    """Stands in for datetime.datetime in botocore.auth."""

    moment = MOMENTS[0]

    @classmethod
    def utcnow(cls):
        return cls.moment


def grid():
    """At least 200 different requests."""
    rows = itertools.product(SERVICES, REGIONS, TOKENS, BODIES, SHAPES)
    for number, (service, region, token, body, shape) in enumerate(rows):
        method, path, query, headers = shape
        yield {"service": service, "region": region, "token": token, "body": body,
               "method": method, "path": path, "query": query, "headers": headers,
               "moment": MOMENTS[number % len(MOMENTS)]}


def botocore_authorization(row):
    """What botocore would send, and all the headers that it signed."""
    host = f"{row['service']}.{row['region']}.amazonaws.com"
    FrozenDatetime.moment = row["moment"]
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
               **row["headers"]}
    url = f"https://{host}{row['path']}" + (f"?{row['query']}" if row["query"] else "")
    request = botocore.awsrequest.AWSRequest(
        method=row["method"], url=url, data=row["body"].encode(), headers=headers)
    credentials = botocore.credentials.Credentials(ACCESS_KEY, SECRET_KEY, row["token"])
    botocore.auth.SigV4Auth(credentials, row["service"], row["region"]).add_auth(request)
    signed = [(name, value) for name, value in request.headers.items()
              if name.lower() not in ("authorization", "host")]
    return request.headers["Authorization"], [("hOsT", host)] + signed


def test_signatures_are_those_of_botocore(monkeypatch):
    monkeypatch.setattr(botocore.auth.datetime, "datetime", FrozenDatetime)
    expected, lines = [], []
    for row in grid():
        authorization, headers = botocore_authorization(row)
        expected.append(authorization)
        lines.append(json.dumps({
            "method": row["method"], "path": row["path"], "query": row["query"],
            "headers": headers, "body": row["body"], "region": row["region"],
            "service": row["service"], "access_key": ACCESS_KEY, "secret_key": SECRET_KEY,
            "now_s": calendar.timegm(row["moment"].timetuple())}))
    assert len(set(lines)) >= 200

    run = subprocess.run([SIGNER, "--sign"], input="\n".join(lines), capture_output=True,
                         text=True, timeout=60, check=True)

    got = run.stdout.splitlines()
    assert len(got) == len(expected)
    wrong = [(line, one, other) for line, one, other in zip(lines, got, expected) if one != other]
    assert not wrong, f"{len(wrong)} of {len(lines)} differ, the first: {wrong[0]}"
