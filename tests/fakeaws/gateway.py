# SPDX-License-Identifier: MIT
"""The AWS endpoint: finds the service, checks the signature, takes faults, runs the action."""

import urllib.parse
import uuid

from . import ec2
from .control import Control
from .errors import AwsError
from .faults import spoil
from .httpd import Response
from .service import Call, tree
from .sigv4 import SignatureRefused, verify

SERVICES = (ec2.SERVICE,)
VERSIONS = {service.version: service for service in SERVICES}
ROUTES = {(service.name, service.version, name): action
          for service in SERVICES for name, action in service.actions.items()}
FIELDS_MAX = 8192  # 1,000 resources with 50 tags are 1,100
CHUNKED_FROM_OCTETS = 2048  # EC2 sends its longer answers in chunks


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
        world.fleet.advance()
        request_id = str(uuid.uuid4())
        service, action_name, page, fault = ec2.SERVICE, "?", None, None
        pairs = []
        code = None
        try:
            pairs = parameters(request)
            params = dict(pairs)
            service = VERSIONS.get(params.get("Version"), ec2.SERVICE)
            action_name = params.get("Action", "?")
            self._authenticate(request, service)
            arguments = tree(pairs)
            action = ROUTES.get((service.name, params.get("Version"), action_name))
            page = action.page_of(world, arguments) if action else None
            fault = world.faults.take(action_name, page)
            if fault and fault.kind == "error":
                raise AwsError(fault.code, fault.message, fault.status or 503)
            check_action(service, params, action, arguments)
            call = Call(world, action_name, arguments, request_id, fault)
            response = Response(200, action.run(call).encode())
        except AwsError as error:
            code = error.code
            response = Response(error.status, service.render_error(error, request_id).encode())
        response.content_type = service.content_type
        response.headers = [("x-amzn-RequestId", request_id), ("Server", "AmazonEC2")]
        response.date_s = world.clock.now_s()
        response.chunked = len(response.body) >= CHUNKED_FROM_OCTETS
        if fault:
            spoil(response, fault)
        world.journal.record(action_name, dict(pairs), 0 if response.drop else response.status,
                             page, code, fault.kind if fault else None)
        return response

    def _authenticate(self, request, service):
        world = self._world
        try:
            verify(request, world.credentials, world.clock.now_s(), world.region, service.name)
        except SignatureRefused as refused:
            code, message, status = service.signature_errors[refused.reason]
            # AWS keeps the reason to itself; whoever debugs a signer against us wants it.
            raise AwsError(code, f"{message} (fakeaws: {refused})", status) from None


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
