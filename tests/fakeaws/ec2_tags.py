# SPDX-License-Identifier: MIT
"""EC2's rules for tags: lengths, counts, the reserved prefix, and what DeleteTags deletes."""

import re

from .errors import AwsError
from .service import required, structures, texts
from .xmlout import UNSAYABLE

ID_PATTERN = r"i-[0-9a-f]{8}(?:[0-9a-f]{9})?"
KEY_CHARACTERS_MAX = 128
VALUE_CHARACTERS_MAX = 256
TAGS_MAX = 50
RESOURCES_MAX = 1000
RESERVED_PREFIX = "aws:"


def reserved(key):
    return key.lower().startswith(RESERVED_PREFIX)


def invalid(message):
    return AwsError("InvalidParameterValue", message)


def check_key(key):
    if len(key) > KEY_CHARACTERS_MAX:
        raise invalid(f"Tag key exceeds the maximum length of {KEY_CHARACTERS_MAX} characters")
    if reserved(key):
        raise invalid("Tag keys starting with 'aws:' are reserved for internal use")
    if UNSAYABLE.search(key):
        raise invalid("Tag key has characters that are not allowed")


def check_value(value):
    if len(value) > VALUE_CHARACTERS_MAX:
        raise invalid(f"Tag value exceeds the maximum length of {VALUE_CHARACTERS_MAX} characters")
    if UNSAYABLE.search(value):
        raise invalid("Tag value has characters that are not allowed")


def parse_tags(arguments):
    """[(key, value or None), ...] of Tag.N."""
    tags = []
    for entry in structures(arguments, "Tag", {"Key", "Value"}):
        key = required(entry, "Key")
        check_key(key)
        check_value(entry.get("Value", ""))
        tags.append((key, entry.get("Value")))
    if len({key for key, _ in tags}) != len(tags):
        raise invalid("Duplicate tag key specified")
    return tags


def find_resources(fleet, arguments):
    required(arguments, "ResourceId")
    ids = texts(arguments, "ResourceId")
    if len(ids) > RESOURCES_MAX:
        raise AwsError("RequestResourceCountExceeded",
                       f"The request names more than {RESOURCES_MAX} resources")
    for each in ids:
        if not re.fullmatch(ID_PATTERN, each):
            raise AwsError("InvalidID", f"The ID '{each}' is not valid")
        if fleet.find(each) is None:
            raise AwsError("InvalidInstanceID.NotFound", f"The instance ID '{each}' does not exist")
    return [fleet.find(each) for each in ids]


def check_count(existing, added):
    """Reserved tags are not counted."""
    keys = {key for key in existing if not reserved(key)} | added.keys()
    if len(keys) > TAGS_MAX:
        raise AwsError("TagLimitExceeded",
                       f"The maximum number of tags for a resource is {TAGS_MAX}")


def create_tags(fleet, arguments, refuse_dry_run):
    """All resources or none."""
    instances = find_resources(fleet, arguments)
    required(arguments, "Tag")
    tags = {key: value or "" for key, value in parse_tags(arguments)}
    for each in instances:
        check_count(each.tags, tags)
    refuse_dry_run()
    for each in instances:
        fleet.stale.remember(each)
        fleet.set_tags(each, tags)


def delete_tags(fleet, arguments, refuse_dry_run):
    """Without any Tag.N every user tag goes; with a Value, even an empty one, only an equal tag."""
    instances = find_resources(fleet, arguments)
    named = parse_tags(arguments)
    refuse_dry_run()
    for each in instances:
        tags = named or [(key, None) for key in each.tags if not reserved(key)]
        gone = {key: None for key, value in tags
                if value is None or str(each.tags.get(key)) == value}
        fleet.stale.remember(each)
        fleet.set_tags(each, gone)


def tag_specification(arguments):
    """The instance tags of RunInstances."""
    tags = {}
    for entry in structures(arguments, "TagSpecification", {"ResourceType", "Tag"}):
        if required(entry, "ResourceType") == "instance":
            tags.update((key, value or "") for key, value in parse_tags(entry))
    check_count({}, tags)
    return tags
