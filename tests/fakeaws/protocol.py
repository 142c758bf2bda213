# SPDX-License-Identifier: MIT
"""From an HTTP request to what it asks for: forms with an Action, and JSON with an x-amz-target."""

import json
import re
import urllib.parse
from dataclasses import dataclass, field

from . import autoscaling, ec2, sqs, sts
from .errors import AwsError
from .service import Service, tree

SERVICES = (ec2.SERVICE, autoscaling.SERVICE, sqs.SERVICE, sts.SERVICE)
FORMS = {service.version: service for service in SERVICES if service.target is None}
TARGETS = {service.target: service for service in SERVICES if service.target is not None}
FIELDS_MAX = 8192  # 1,000 resources with 50 tags are 1,100


@dataclass
class Asked:
    """What a request asks for, as far as it has been understood."""

    service: Service = ec2.SERVICE
    name: str = "?"
    version: str | None = None
    pairs: list = field(default_factory=list)     # the parameters in order, for the journal
    arguments: dict = field(default_factory=dict)  # the same as a tree

    @property
    def action(self):
        """None when the service has no such action in this version."""
        matches = self.version == self.service.version
        return self.service.actions.get(self.name) if matches else None


def read(request, asked):
    """Fill `asked` with what does not need the parameters' meaning; AwsError from the request's
    form comes with as much as was found."""
    target = request.header("x-amz-target")
    if target is not None:
        read_target(request, target, asked)
        return
    asked.pairs = parameters(request)
    params = dict(asked.pairs)
    asked.version = params.get("Version")
    asked.service = FORMS.get(asked.version, ec2.SERVICE)
    asked.name = params.get("Action", "?")


def read_target(request, target, asked):
    prefix, _, name = target.rpartition(".")
    service = TARGETS.get(prefix)
    if service is None:
        raise AwsError("InvalidAction", f"no service has the target {target}")
    asked.service, asked.version, asked.name = service, service.version, name
    # The path of a queue's own address is allowed, and says nothing that the body does not.
    if request.method != "POST" or not re.fullmatch(r"/|/\d{12}/[A-Za-z0-9_-]+", request.path):
        raise AwsError("InvalidAction", f"{request.method} {request.path} is not an action", 404)
    kind = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if kind != service.content_type:
        raise AwsError("SerializationException", f"Content-Type '{kind}' is not this protocol's")
    try:
        document = json.loads(request.body.decode() or "{}")
    except ValueError:
        raise AwsError("SerializationException", "The body is not JSON") from None
    if not isinstance(document, dict):
        raise AwsError("SerializationException", "The body is not a JSON object")
    asked.pairs = list(document.items())


def parameters(request):
    """The parameters of a form in order, from the body of a POST or the query of a GET."""
    if request.path != "/" or request.method not in ("GET", "POST"):
        raise AwsError("InvalidAction", f"{request.method} {request.path} is not an action", 404)
    if request.method == "POST":
        kind = (request.header("content-type") or "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            raise AwsError("MalformedQueryString", f"Content-Type '{kind}' is not a form")
    try:
        text = request.body.decode("ascii") if request.method == "POST" else request.query
        return urllib.parse.parse_qsl(text, keep_blank_values=True, strict_parsing=True,
                                      errors="strict", max_num_fields=FIELDS_MAX)
    except ValueError:  # UnicodeDecodeError is one
        raise AwsError("MalformedQueryString", "The parameters are malformed") from None


def read_arguments(asked):
    """The parameters as the action gets them."""
    asked.arguments = tree(asked.pairs) if asked.service.target is None else dict(asked.pairs)


def check_action(asked):
    service, action = asked.service, asked.action
    if service.target is None:
        if asked.name == "?":
            raise AwsError("MissingAction", "The request is missing an action")
        if asked.version != service.version:
            raise AwsError("NoSuchVersion", f"The requested version ({asked.version}) of "
                                            f"service {service.name} does not exist")
    if action is None:
        raise AwsError("InvalidAction",
                       f"The action {asked.name} is not valid for this web service.")
    known = asked.arguments.keys() if action.parameters is None else action.parameters
    unknown = asked.arguments.keys() - {"Action", "Version"} - known
    if unknown:
        raise AwsError("UnknownParameter", f"The parameter {min(unknown)} is not recognized")
