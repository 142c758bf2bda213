# SPDX-License-Identifier: MIT
"""The AWS endpoint: finds the service, checks the signature, takes faults, runs the action."""

import uuid
from dataclasses import dataclass, field

from . import ec2
from .control import Control
from .errors import AwsError
from .faults import Fault, spoil
from .httpd import Response
from .protocol import Asked, check_action, read, read_arguments
from .service import Call
from .sigv4 import SignatureRefused, scope_region, verify

CHUNKED_FROM_OCTETS = 2048  # EC2 sends its longer answers in chunks


@dataclass
class Exchange:
    """One request and what became of it, as far as it has come."""

    request_id: str
    world: object            # the home world until the signature has named another
    asked: Asked = field(default_factory=Asked)
    credential: object = None
    page: int | None = None
    fault: Fault | None = None
    code: str | None = None  # of the error
    effect: bool = False     # the action was carried out

    @property
    def mutating(self):
        return self.asked.action is not None and self.asked.action.mutating


class Gateway:
    def __init__(self, cloud):
        self._cloud = cloud
        self._control = Control(cloud)

    def __call__(self, request):
        with self._cloud.lock:
            if request.path.startswith("/_control/"):
                return self._control(request)
            return self._serve(request)

    def _serve(self, request):
        exchange = Exchange(str(uuid.uuid4()), self._claimed_world(request))
        asked = exchange.asked
        headers = [("x-amzn-RequestId", exchange.request_id)]
        try:
            response = Response(200, self._carry_out(request, exchange).encode())
        except AwsError as error:
            exchange.code = error.code
            text = asked.service.render_error(error, exchange.request_id)
            response = Response(error.status, text.encode())
            headers += asked.service.error_headers(error)
        response.content_type = asked.service.content_type
        response.headers = headers
        if asked.service is ec2.SERVICE:
            response.headers.append(("Server", "AmazonEC2"))
        response.date_s = self._cloud.clock.now_s()
        response.chunked = len(response.body) >= CHUNKED_FROM_OCTETS
        if exchange.fault:
            spoil(response, exchange.fault)
        record(exchange, 0 if response.drop else response.status)
        return response

    def _claimed_world(self, request):
        """Where a request is counted that is refused before anybody knows whose it is."""
        region = scope_region(request)
        return self._cloud.world(region if region in self._cloud.regions else None)

    def _carry_out(self, request, exchange):
        """The text of the answer to a request that is right; `exchange` gets what is found out."""
        asked = exchange.asked
        read(request, asked)
        action = asked.action
        if action is None or action.signed:
            self._authenticate(request, exchange)
        else:
            exchange.world = self._cloud.home  # no signature, no region
        world = exchange.world
        world.advance()
        read_arguments(asked)
        if action:
            exchange.page = action.page_of(world, asked.arguments)
        fault = exchange.fault = world.faults.take(asked.name, exchange.page, exchange.mutating)
        text = ""
        if not (fault and fault.prevents):
            check_action(asked)
            text = action.run(Call(world, asked.name, asked.arguments, exchange.request_id, fault,
                                   exchange.credential, request.header("host") or "",
                                   request.is_gone))
            exchange.effect = True
        if fault and fault.kind == "error":
            raise AwsError(fault.code, fault.message, fault.status or 503)
        return text

    def _authenticate(self, request, exchange):
        service = exchange.asked.service
        try:
            exchange.credential, region = verify(
                request, self._cloud.credentials, self._cloud.clock.now_s(), self._cloud.regions,
                service.name)
        except SignatureRefused as refused:
            code, message, status = service.signature_errors[refused.reason]
            # AWS keeps the reason to itself; whoever debugs a signer against us wants it.
            raise AwsError(code, f"{message} (fakeaws: {refused})", status) from None
        exchange.world = self._cloud.world(region, exchange.credential.account)


def record(exchange, status):
    journal, fault, asked = exchange.world.journal, exchange.fault, exchange.asked
    journal.record(asked.name, dict(asked.pairs), status, exchange.page, exchange.code,
                   fault.kind if fault else None)
    if exchange.mutating:
        details = {name: value for name, value in asked.pairs if name not in ("Action", "Version")}
        journal.record_write(asked.service.name, asked.name, instance_ids(asked.arguments), details,
                             exchange.code, exchange.effect)


def instance_ids(arguments):
    """The instances that a request names, however its action calls them."""
    return [id_ for name in ("ResourceId", "InstanceId", "InstanceIds")
            for id_ in leaves(arguments.get(name, ""))]


def leaves(node):
    """The plain values of a parameter's tree, in the order sent."""
    if isinstance(node, dict):
        return [leaf for child in node.values() for leaf in leaves(child)]
    return [node] if node else []
