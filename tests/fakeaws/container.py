# SPDX-License-Identifier: MIT
"""The endpoint that hands a container its keys, as the agents of ECS and of EKS Pod Identity do.

Sources: "Task IAM role" of the ECS guide, "Container credential provider" of the SDK reference.
"""

import json

from .faults import CONTAINER, spoil
from .httpd import Response
from .xmlout import timestamp

ROTATE_BEFORE_END_S = 300


class ContainerSettings:
    def __init__(self):
        self.up = True
        self.path = "/v2/credentials/0a1b2c3d"
        self.token = None  # what Authorization must say; None: it is not looked at
        self.role = "rollcall-task"
        self.account = None  # None: the home account
        self.expires_in_s = 6 * 3600
        self.issued = None


class Container:
    def __init__(self, cloud):
        self._cloud = cloud

    def __call__(self, request):
        with self._cloud.lock:
            home = self._cloud.home
            response = (self._serve(request) if self._cloud.container.up
                        else Response(503, drop=True))
            response.date_s = self._cloud.clock.now_s()
            fault = home.faults.take(CONTAINER, None)
            if fault and fault.kind == "error":
                response = complaint(fault.status or 500, fault.code, fault.message)
            if fault:
                spoil(response, fault)
            home.journal.record(
                CONTAINER, {"method": request.method, "path": request.target,
                            "authorized": request.header("Authorization") is not None},
                0 if response.drop else response.status, fault=fault.kind if fault else None)
            return response

    def _serve(self, request):
        settings = self._cloud.container
        if request.method != "GET":
            return complaint(405, "MethodNotAllowed", "only GET is allowed")
        if settings.token is not None and request.header("Authorization") != settings.token:
            return complaint(401, "AccessDenied", "the authorization token is missing or wrong")
        if request.target != settings.path:
            return complaint(400, "InvalidIdInRequest", "credentials not found for this path")
        return Response(200, json.dumps(self._keys()).encode(), "application/json")

    def _keys(self):
        settings, now_s = self._cloud.container, self._cloud.clock.now_s()
        lead_s = min(ROTATE_BEFORE_END_S, settings.expires_in_s / 2)
        if settings.issued is None or settings.issued.expires_s - now_s < lead_s:
            settings.issued = self._cloud.credentials.issue(
                now_s + settings.expires_in_s, settings.account, settings.role, "container")
        issued = settings.issued
        return {"RoleArn": f"arn:aws:iam::{issued.account}:role/{settings.role}",
                "AccessKeyId": issued.access_key, "SecretAccessKey": issued.secret_key,
                "Token": issued.session_token, "AccountId": issued.account,
                "Expiration": timestamp(issued.expires_s).replace(".000Z", "Z")}


def complaint(status, code, message):
    document = {"code": code, "message": message, "HTTPErrorCode": status}
    return Response(status, json.dumps(document).encode(), "application/json")
