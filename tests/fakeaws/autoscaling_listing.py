# SPDX-License-Identifier: MIT
"""Auto Scaling's lists: groups, instances and warm pools, by pages."""

from . import autoscaling_xml as xml
from .autoscaling_arguments import (boolean, find_group, invalid, members, required, structures,
                                    whole_number)
from .errors import AwsError
from .paging import Page

NAMES_MAX = 50
IDS_MAX = 50
GROUPS_PAGE = (50, 100)     # default and maximum of MaxRecords
INSTANCES_PAGE = (50, 50)
FILTER_NAMES = ("tag-key", "tag-value")


def page_of(world, arguments):
    """The number of the page asked for, for faults that are bound to one."""
    page = world.pages.find(arguments.get("NextToken"))
    return page.number if page else 1


def current_page(call, query):
    token = call.arguments.get("NextToken")
    if token is None:
        return Page(query, after=0, number=1)
    page = call.world.pages.find(token)
    if page is None or page.query != query:
        raise AwsError("InvalidNextToken", "The token '" + token + "' is invalid.")
    return page


def page_through(call, found, sequence_of, limits, query):
    """(those of `found` that are on the page asked for, the token element of the next)."""
    default, most = limits
    limit = whole_number(call.arguments, "MaxRecords", 1, most) or default
    page = current_page(call, (call.action, query))
    pages = call.world.pages
    if call.fault_is("empty"):
        return [], ""
    if call.fault_is("empty-page"):
        token = pages.token(Page(page.query, page.after, page.number + 1))
        return [], xml.element("NextToken", token)
    rest = [each for each in found if sequence_of(each) > page.after]
    chosen, token = rest[:limit], None
    if call.fault_is("repeat-token"):
        token = call.arguments.get("NextToken") or pages.token(Page(page.query, page.after, 1))
    elif len(rest) > limit:
        token = pages.token(Page(page.query, sequence_of(chosen[-1]), page.number + 1))
    return chosen, xml.element("NextToken", token)


def tag_filter(name, values):
    """A predicate over groups; a filter names one tag's value, or any key, or any value."""
    if not name.startswith("tag:") and name not in FILTER_NAMES:
        raise invalid(f"Filter type {name} is not correct. Allowed filter types are: "
                      "tag-key, tag-value and tag:<key>")

    def matches(group):
        for key, value, _ in group.tags:
            seen = {"tag-key": key, "tag-value": value,
                    "tag:" + key: value}.get(name)
            if seen is not None and seen in values:
                return True
        return False
    return matches


def describe_groups(call):
    world, arguments = call.world, call.arguments
    names = members(arguments, "AutoScalingGroupNames", NAMES_MAX)
    filters = [(required(each, "Name"), members(each, "Values"))
               for each in structures(arguments, "Filters")]
    tests = [tag_filter(name, values) for name, values in filters]
    found = [each for each in world.groups.all()
             if (not names or each.name in names) and all(test(each) for test in tests)]
    with_instances = boolean(arguments, "IncludeInstances", True)
    query = (tuple(sorted(names)), tuple((name, tuple(values)) for name, values in filters))
    chosen, token = page_through(call, found, lambda each: each.sequence, GROUPS_PAGE, query)
    rendered = [xml.group_item(world, each, with_instances) for each in chosen]
    return xml.answer(call, xml.members("AutoScalingGroups", rendered) + token)


def describe_instances(call):
    ids = members(call.arguments, "InstanceIds", IDS_MAX)
    found = [(group, member) for group in call.world.groups.all()
             for member in group.members.values() if not ids or member.id in ids]
    found.sort(key=lambda pair: pair[1].instance.sequence)
    chosen, token = page_through(call, found, lambda pair: pair[1].instance.sequence,
                                 INSTANCES_PAGE, tuple(sorted(ids)))
    rendered = [xml.owned_instance(*pair) for pair in chosen]
    return xml.answer(call, xml.members("AutoScalingInstances", rendered) + token)


def describe_warm_pool(call):
    group = find_group(call)
    chosen, token = page_through(call, group.of_pool(), lambda each: each.instance.sequence,
                                 INSTANCES_PAGE, group.name)
    pool = "" if group.warm_pool is None else xml.warm_pool_configuration(group.warm_pool)
    rendered = [xml.instance(group, each) for each in chosen]
    return xml.answer(call, pool + xml.members("Instances", rendered) + token)
