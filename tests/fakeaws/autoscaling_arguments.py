# SPDX-License-Identifier: MIT
"""The parameters of Auto Scaling's actions: lists are X.member.N, and every wrong one is a
ValidationError."""

from . import service
from .errors import AwsError
from .service import required, whole_number

CAPACITY_MAX = 10_000
WRONG_PARAMETER = ("MissingParameter", "InvalidParameterValue", "InvalidQueryParameter",
                   "UnknownParameter")


def invalid(message):
    return AwsError("ValidationError", message)


def strict(run):
    """The action, with the one code that this service has for any wrong parameter."""
    def checked(call):
        try:
            return run(call)
        except AwsError as error:
            if error.code in WRONG_PARAMETER:
                raise invalid("1 validation error detected: " + error.message) from None
            raise
    return checked


def list_of(arguments, name):
    """The list's own tree; clients send an empty list as `Name=`."""
    value = arguments.get(name) or {}
    if not isinstance(value, dict) or value.keys() - {"member"}:
        raise invalid(f"{name} must be {name}.member.1, {name}.member.2, ...")
    return value


def members(arguments, name, most=None):
    """A list of plain values."""
    values = service.texts(list_of(arguments, name), "member")
    if most is not None and len(values) > most:
        raise invalid(f"{name} has {len(values)} members; the maximum is {most}")
    return values


def structures(arguments, name):
    found = service.listed(list_of(arguments, name), "member")
    if not all(isinstance(each, dict) for each in found):
        raise invalid(f"{name}.member.N must be a structure")
    return found


def named(arguments, name, characters_max):
    value = required(arguments, name)
    if not isinstance(value, str) or len(value) > characters_max:
        raise invalid(f"{name} must have 1 to {characters_max} characters")
    return value


def boolean(arguments, name, default):
    value = arguments.get(name) or str(default).lower()
    if value not in ("true", "false"):
        raise invalid(f"{name} must be true or false, not '{value}'")
    return value == "true"


def find_group(call):
    name = named(call.arguments, "AutoScalingGroupName", 1600)
    found = call.world.groups.find(name)
    if found is None:
        raise invalid(f"AutoScalingGroup name not found - no such group: {name}")
    return found


def capacity(arguments, group=None):
    """(minimum, maximum, desired), from the parameters or else as `group` has them."""
    least, most, desired = (whole_number(arguments, name, 0, CAPACITY_MAX)
                            for name in ("MinSize", "MaxSize", "DesiredCapacity"))
    if group is None:
        required(arguments, "MinSize")
        required(arguments, "MaxSize")
        desired = least if desired is None else desired
    else:
        least = group.min_size if least is None else least
        most = group.max_size if most is None else most
        desired = min(max(group.desired, least), most) if desired is None else desired
    if least > most:
        raise invalid(f"Max bound, {most}, must be greater than or equal to min bound, {least}")
    if not least <= desired <= most:
        raise invalid(f"Desired capacity:{desired} must be between the specified min size:{least} "
                      f"and max size:{most}")
    return least, most, desired
