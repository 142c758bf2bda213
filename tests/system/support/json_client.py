# SPDX-License-Identifier: MIT
"""Send the fake AWS what the SDKs would never send, in the JSON protocol and signed by botocore."""

import json
import urllib.error
import urllib.request

import botocore.auth
import botocore.awsrequest
import botocore.credentials

JSON = "application/x-amz-json-1.0"


def post_json(fakeaws, action, document, service="sqs", path="/", content_type=JSON,
              change=lambda request: None):
    """Sign, let `change` spoil it, send: (status, headers, document, or None for an empty body)."""
    body = document if isinstance(document, str) else json.dumps(document)
    request = botocore.awsrequest.AWSRequest(
        "POST", fakeaws.endpoint + path, data=body,
        headers={"Content-Type": content_type, "X-Amz-Target": f"AmazonSQS.{action}"})
    keys = botocore.credentials.Credentials(fakeaws.access_key, fakeaws.secret_key)
    botocore.auth.SigV4Auth(keys, service, fakeaws.region).add_auth(request)
    change(request)
    sent = urllib.request.Request(request.url, data=request.data.encode(),
                                  headers=dict(request.headers))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(sent, timeout=60) as answer:
            return answer.status, answer.headers, decoded(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, error.headers, decoded(error.read())


def decoded(body):
    return json.loads(body) if body else None
