# SPDX-License-Identifier: MIT
"""DescribeInstances filters: several are ANDed, the values within one are ORed.

Names and values are case-sensitive; * and ? are wildcards and a backslash takes their meaning.
"""

import re

from .errors import AwsError

VALUES_MAX = 200
VALUE_CHARACTERS_MAX = 255


def text_or_none(value):
    return [] if value is None else [str(value)]


ATTRIBUTES = {
    "instance-id": lambda each: [each.id],
    "instance-state-name": lambda each: [str(each.state)],
    "instance-type": lambda each: [each.type],
    "image-id": lambda each: [each.image],
    "reservation-id": lambda each: [each.reservation],
    "vpc-id": lambda each: text_or_none(each.vpc),
    "subnet-id": lambda each: text_or_none(each.subnet),
    "availability-zone": lambda each: text_or_none(each.az),
    "private-ip-address": lambda each: text_or_none(each.private_address),
    "tag-key": lambda each: each.tags.keys(),
    "tag-value": lambda each: map(str, each.tags.values()),
}


def attribute(name):
    """The function from an instance to the texts that a filter of this name looks at."""
    if name.startswith("tag:"):
        key = name[len("tag:"):]
        return lambda each: text_or_none(each.tags.get(key))
    if name not in ATTRIBUTES:
        raise AwsError("InvalidParameterValue", f"The filter '{name}' is invalid")
    return ATTRIBUTES[name]


def matcher(values):
    """One predicate over a text for all the values of a filter."""
    plain = {value for value in values if not re.search(r"[*?\\]", value)}
    patterns = [re.compile(wildcard(value), re.DOTALL) for value in values if value not in plain]

    def matches(text):
        return text in plain or any(pattern.fullmatch(text) for pattern in patterns)
    return matches


def wildcard(value):
    """The regular expression for a filter value with wildcards."""
    parts = []
    for literal, special in re.findall(r"\\(.)|(\\$|.)", value, re.DOTALL):
        if literal:
            parts.append(re.escape(literal))
        else:
            parts.append({"*": ".*", "?": "."}.get(special, re.escape(special)))
    return "".join(parts)


def compile_filters(filters):
    """From [(name, [value, ...]), ...] to a predicate over instances."""
    if sum(len(values) for _, values in filters) > VALUES_MAX:
        raise AwsError("FilterLimitExceeded",
                       f"The maximum number of filter values is {VALUES_MAX}")
    tests = []
    for name, values in filters:
        if any(len(value) > VALUE_CHARACTERS_MAX for value in values):
            raise AwsError("FilterLimitExceeded", f"A value of filter '{name}' is longer than "
                                                  f"{VALUE_CHARACTERS_MAX} characters")
        tests.append((attribute(name), matcher(values)))
    return lambda each: all(any(map(matches, texts(each))) for texts, matches in tests)
