# SPDX-License-Identifier: MIT
"""What a service of the fake AWS is: a name, a version, its actions and its form of errors.

A service is one module that makes a Service; the gateway has them all in one table.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from .errors import AwsError


@dataclass
class Call:
    """One verified request on its way to an action."""

    world: object
    action: str
    arguments: dict      # the parameters as a tree: {"Filter": {"1": {"Name": ..., ...}}}
    request_id: str
    fault: object = None  # one that the action itself has to act out: empty, repeat-token, ...
    credential: object = None  # whose key has signed it; None for an action that is not signed
    host: str = ""
    is_gone: Callable = lambda: False  # whether the client has closed its connection

    def fault_is(self, kind):
        return self.fault is not None and self.fault.kind == kind


@dataclass(frozen=True)
class Action:
    run: Callable           # Call -> text of the answer
    parameters: frozenset | None  # names at the top level; None: any
    page_of: Callable = field(default=lambda world, arguments: None)
    mutating: bool = False  # goes into the journal of writes
    signed: bool = True


@dataclass(frozen=True)
class Service:
    name: str        # in the signature's scope
    version: str
    content_type: str
    actions: dict
    render_error: Callable   # AwsError, request id -> text
    signature_errors: dict   # sigv4.Reason -> (code, message, HTTP status)
    target: str | None = None  # the name before the action in x-amz-target; None: no JSON service
    error_headers: Callable = lambda error: []


def tree(pairs):
    """From `Filter.1.Value.2=x` to {"Filter": {"1": {"Value": {"2": "x"}}}}."""
    root = {}
    for name, value in pairs:
        node = root
        *path, leaf = name.split(".")
        for part in path:
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                raise AwsError("InvalidQueryParameter", f"{name} contradicts another parameter")
        if leaf in node:
            raise AwsError("InvalidQueryParameter", f"{name} is given twice")
        node[leaf] = value
    return root


def listed(arguments, name):
    """The members of the list `name`, in the order of their numbers."""
    members = arguments.get(name, {})
    if not isinstance(members, dict) or not all(key.isascii() and key.isdigit() for key in members):
        raise AwsError("InvalidQueryParameter", f"{name} must be {name}.1, {name}.2, ...")
    return [members[key] for key in sorted(members, key=int)]


def texts(arguments, name):
    """A list of plain values."""
    values = listed(arguments, name)
    if not all(isinstance(value, str) for value in values):
        raise AwsError("InvalidQueryParameter", f"{name}.N must be a plain value")
    return values


def structures(arguments, name, fields):
    """A list of structures that have no other fields than these."""
    members = listed(arguments, name)
    for member in members:
        unknown = set(member) - fields if isinstance(member, dict) else {"N"}
        if unknown:
            raise AwsError("UnknownParameter",
                           f"The parameter {name}.N.{min(unknown)} is not recognized")
    return members


def whole_number(arguments, name, lowest, highest):
    """The parameter as a number in range; None when absent."""
    text = arguments.get(name)
    if text is None:
        return None
    if not isinstance(text, str) or not text.isascii() or not text.isdigit():
        raise AwsError("InvalidParameterValue", f"Invalid value '{text}' for {name}")
    value = int(text)
    if not lowest <= value <= highest:
        raise AwsError("InvalidParameterValue",
                       f"Value ( {value} ) for parameter {name} is invalid. "
                       f"Expecting a value from {lowest} to {highest}.")
    return value


def required(arguments, name):
    value = arguments.get(name)
    if not value:
        raise AwsError("MissingParameter", f"The request must contain the parameter {name}")
    return value
