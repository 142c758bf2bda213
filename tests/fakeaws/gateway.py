# SPDX-License-Identifier: MIT
"""The AWS endpoint: finds the service, checks the signature, takes faults, runs the action."""

import urllib.parse
import uuid
from dataclasses import dataclass, field

from . import autoscaling, ec2
from .control import Control
from .errors import AwsError
from .faults import Fault, spoil
from .httpd import Response
from .service import Call, Service, tree
from .sigv4 import SignatureRefused, verify

SERVICES = (ec2.SERVICE, autoscaling.SERVICE)
VERSIONS = {service.version: service for service in SERVICES}
ROUTES = {(service.name, service.version, name): action
          for service in SERVICES for name, action in service.actions.items()}
FIELDS_MAX = 8192  # 1,000 resources with 50 tags are 1,100
CHUNKED_FROM_OCTETS = 2048  # EC2 sends its longer answers in chunks


@dataclass
class Exchange:
    """One request and what became of it, as far as it has come."""

    request_id: str
    service: Service = ec2.SERVICE
    name: str = "?"
    pairs: list = field(default_factory=list)
    arguments: dict = field(default_factory=dict)
    page: int | None = None
    mutating: bool = False
    fault: Fault | None = None
    code: str | None = None  # of the error
    effect: bool = False     # the action was carried out


class Gateway:
    def __init__(self, world):
        self._world = world
        self._control = Control(world)

    def __call__(self, request):
        with self._world.lock:
            if request.path.startswith("/_control/"):
                return self._control(request)
            return self._serve(request)

    def _serve(self, request):
        world = self._world
        world.advance()
        exchange = Exchange(str(uuid.uuid4()))
        try:
            response = Response(200, self._carry_out(request, exchange).encode())
        except AwsError as error:
            exchange.code = error.code
            text = exchange.service.render_error(error, exchange.request_id)
            response = Response(error.status, text.encode())
        response.content_type = exchange.service.content_type
        response.headers = [("x-amzn-RequestId", exchange.request_id)]
        if exchange.service is ec2.SERVICE:
            response.headers.append(("Server", "AmazonEC2"))
        response.date_s = world.clock.now_s()
        response.chunked = len(response.body) >= CHUNKED_FROM_OCTETS
        if exchange.fault:
            spoil(response, exchange.fault)
        self._record(exchange, 0 if response.drop else response.status)
        return response

    def _carry_out(self, request, exchange):
        """The text of the answer to a request that is right; `exchange` gets what is found out."""
        world = self._world
        exchange.pairs = parameters(request)
        params = dict(exchange.pairs)
        service = exchange.service = VERSIONS.get(params.get("Version"), ec2.SERVICE)
        exchange.name = params.get("Action", "?")
        self._authenticate(request, service)
        arguments = exchange.arguments = tree(exchange.pairs)
        action = ROUTES.get((service.name, params.get("Version"), exchange.name))
        if action:
            exchange.page = action.page_of(world, arguments)
            exchange.mutating = action.mutating
        fault = exchange.fault = world.faults.take(exchange.name, exchange.page,
                                                   exchange.mutating)
        text = ""
        if not (fault and fault.prevents):
            check_action(service, params, action, arguments)
            text = action.run(Call(world, exchange.name, arguments, exchange.request_id, fault))
            exchange.effect = True
        if fault and fault.kind == "error":
            raise AwsError(fault.code, fault.message, fault.status or 503)
        return text

    def _record(self, exchange, status):
        journal, fault = self._world.journal, exchange.fault
        journal.record(exchange.name, dict(exchange.pairs), status, exchange.page, exchange.code,
                       fault.kind if fault else None)
        if exchange.mutating:
            details = {name: value for name, value in exchange.pairs
                       if name not in ("Action", "Version")}
            journal.record_write(exchange.service.name, exchange.name,
                                 instance_ids(exchange.arguments), details, exchange.code,
                                 exchange.effect)

    def _authenticate(self, request, service):
        world = self._world
        try:
            verify(request, world.credentials, world.clock.now_s(), world.region, service.name)
        except SignatureRefused as refused:
            code, message, status = service.signature_errors[refused.reason]
            # AWS keeps the reason to itself; whoever debugs a signer against us wants it.
            raise AwsError(code, f"{message} (fakeaws: {refused})", status) from None


def instance_ids(arguments):
    """The instances that a request names, however its action calls them."""
    return [id_ for name in ("ResourceId", "InstanceId", "InstanceIds")
            for id_ in leaves(arguments.get(name, ""))]


def leaves(node):
    """The plain values of a parameter's tree, in the order sent."""
    if isinstance(node, dict):
        return [leaf for child in node.values() for leaf in leaves(child)]
    return [node] if node else []


def parameters(request):
    """The request's parameters in order, from the body of a POST or the query of a GET."""
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


def check_action(service, params, action, arguments):
    if "Action" not in params:
        raise AwsError("MissingAction", "The request is missing an action")
    if params.get("Version") != service.version:
        raise AwsError("NoSuchVersion", f"The requested version ({params.get('Version')}) of "
                                        f"service {service.name} does not exist")
    if action is None:
        raise AwsError("InvalidAction",
                       f"The action {params['Action']} is not valid for this web service.")
    unknown = arguments.keys() - {"Action", "Version"} - (action.parameters or arguments.keys())
    if unknown:
        raise AwsError("UnknownParameter", f"The parameter {min(unknown)} is not recognized")
