# SPDX-License-Identifier: MIT
"""The instance metadata service, version 2: a token first, then everything else.

Source: "Use the Instance Metadata Service", Amazon EC2 User Guide.
"""

import json
import time

from . import canary
from .faults import IMDS, spoil
from .httpd import Response
from .xmlout import timestamp

TTL_MAX_S = 21600
TTL_HEADER = "X-aws-ec2-metadata-token-ttl-seconds"
TOKEN_HEADER = "X-aws-ec2-metadata-token"
ROTATE_BEFORE_END_S = 300
CREDENTIALS = "/latest/meta-data/iam/security-credentials/"


class ImdsSettings:
    """What the metadata service says of the instance that "we" run on."""

    def __init__(self, region):
        self.up = True
        self.v1_only = False
        self.role = "rollcall-role"  # None: the instance has no profile
        self.expires_in_s = 6 * 3600
        self.instance_id = "i-00000000000000001"
        self.local_ipv4 = "10.255.0.10"
        self.az = region + "a"
        self.issued = None  # the role's current Credential
        self.issued_s = 0.0


class Imds:
    """The instance is in the home world: the first region's."""

    def __init__(self, cloud):
        self._cloud = cloud
        self._tokens = {}  # token -> its end on the monotonic clock

    def __call__(self, request):
        with self._cloud.lock:
            settings = self._cloud.imds
            response = self._serve(request) if settings.up else Response(503, drop=True)
            response.date_s = self._cloud.clock.now_s()
            response.headers.append(("Server", "EC2ws"))
            fault = self._cloud.home.faults.take(IMDS, None)
            if fault and fault.kind == "error":
                response.status, response.body = fault.status or 503, fault.message.encode()
            if fault:
                spoil(response, fault)
            self._cloud.home.journal.record(
                IMDS, {"method": request.method, "path": request.target},
                0 if response.drop else response.status, fault=fault.kind if fault else None)
            return response

    def _serve(self, request):
        if request.path == "/latest/api/token":
            return self._token(request)
        if request.method != "GET":
            return Response(405, b"Method Not Allowed")
        if not self._cloud.imds.v1_only:
            end = self._tokens.get(request.header(TOKEN_HEADER))
            if end is None or end <= time.monotonic():
                return Response(401, b"Unauthorized")
        return self._document(request.path)

    def _token(self, request):
        if self._cloud.imds.v1_only:
            return Response(404, b"Not Found")
        if request.method != "PUT":
            return Response(405, b"Method Not Allowed")
        if request.header("X-Forwarded-For") is not None:
            return Response(403, b"Forbidden")  # keeps open proxies from handing out tokens
        ttl = request.header(TTL_HEADER) or ""
        if not (ttl.isascii() and ttl.isdigit() and 1 <= int(ttl) <= TTL_MAX_S):
            return Response(400, b"Bad Request")
        token = canary.word("MetadataToken")
        self._tokens[token] = time.monotonic() + int(ttl)
        return Response(200, token.encode(), headers=[(TTL_HEADER, ttl)])

    def _document(self, path):
        settings, region = self._cloud.imds, self._cloud.home.region
        plain = {
            "/latest/meta-data/instance-id": settings.instance_id,
            "/latest/meta-data/local-ipv4": settings.local_ipv4,
            "/latest/meta-data/placement/region": region,
            "/latest/meta-data/placement/availability-zone": settings.az}
        if path in plain:
            return Response(200, plain[path].encode())
        if path == "/latest/dynamic/instance-identity/document":
            return Response(200, json.dumps(self._identity(), indent=2).encode())
        if settings.role and path in (CREDENTIALS, CREDENTIALS.rstrip("/")):
            return Response(200, settings.role.encode())
        if settings.role and path == CREDENTIALS + settings.role:
            return Response(200, json.dumps(self._credentials(), indent=2).encode())
        return Response(404, b"Not Found")

    def _identity(self):
        settings = self._cloud.imds
        return {"accountId": self._cloud.home.account, "architecture": "x86_64",
                "availabilityZone": settings.az, "imageId": "ami-0a1b2c3d4e5f60718",
                "instanceId": settings.instance_id, "instanceType": "t3.micro",
                "privateIp": settings.local_ipv4, "region": self._cloud.home.region,
                "version": "2017-09-30"}

    def _credentials(self):
        """The current keys of the role, new ones when they are about to end."""
        settings, now_s = self._cloud.imds, self._cloud.clock.now_s()
        lead_s = min(ROTATE_BEFORE_END_S, settings.expires_in_s / 2)
        if settings.issued is None or settings.issued.expires_s - now_s < lead_s:
            settings.issued = self._cloud.credentials.issue(now_s + settings.expires_in_s)
            settings.issued_s = now_s
        issued = settings.issued
        return {"Code": "Success", "Type": "AWS-HMAC",
                "LastUpdated": timestamp(settings.issued_s).replace(".000Z", "Z"),
                "AccessKeyId": issued.access_key, "SecretAccessKey": issued.secret_key,
                "Token": issued.session_token,
                "Expiration": timestamp(issued.expires_s).replace(".000Z", "Z")}
