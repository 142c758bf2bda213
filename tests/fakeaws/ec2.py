# SPDX-License-Identifier: MIT
"""EC2: listing, tagging, launching, stopping and terminating instances."""

import re

from . import xmlout
from .ec2_tags import ID_PATTERN, create_tags, delete_tags, tag_specification
from .errors import AwsError
from .filters import compile_filters
from .fleet import AddressesExhausted
from .paging import Page
from .service import Action, Service, required, structures, texts, whole_number
from .sigv4 import Reason

NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"
PAGE_MIN = 5
PAGE_MAX = 1000
LAUNCH_MAX = 20_000
UNVALIDATED = ("AuthFailure", "AWS was not able to validate the provided access credentials", 401)


def answer(call, inner):
    return (f'{xmlout.DECLARATION}<{call.action}Response xmlns="{NAMESPACE}">'
            f"<requestId>{call.request_id}</requestId>{inner}</{call.action}Response>")


def render_error(error, request_id):
    return (f"{xmlout.DECLARATION}<Response><Errors><Error>"
            f"<Code>{xmlout.escape(error.code)}</Code>"
            f"<Message>{xmlout.escape(error.message)}</Message>"
            f"</Error></Errors><RequestID>{request_id}</RequestID></Response>")


def refuse_dry_run(call):
    """To be called when everything else about the request is right."""
    if call.arguments.get("DryRun") == "true":
        raise AwsError("DryRunOperation",
                       "Request would have succeeded, but DryRun flag is set.", 412)


def find_instances(call):
    """The instances named by InstanceId.N: all of them, or an error."""
    ids = texts(call.arguments, "InstanceId")
    for each in ids:
        if not re.fullmatch(ID_PATTERN, each):
            raise AwsError("InvalidInstanceID.Malformed", f'Invalid id: "{each}"')
    unknown = [each for each in ids if call.world.fleet.find(each) is None]
    if len(unknown) == 1:
        raise AwsError("InvalidInstanceID.NotFound",
                       f"The instance ID '{unknown[0]}' does not exist")
    if unknown:
        raise AwsError("InvalidInstanceID.NotFound",
                       f"The instance IDs '{', '.join(unknown)}' do not exist")
    return [call.world.fleet.find(each) for each in dict.fromkeys(ids)]


# -- DescribeInstances

def page_of(world, arguments):
    """The number of the page asked for, for faults that are bound to one."""
    page = world.pages.find(arguments.get("NextToken"))
    return page.number if page else 1


def parse_filters(arguments):
    filters = []
    for entry in structures(arguments, "Filter", {"Name", "Value"}):
        name = required(entry, "Name")
        values = texts(entry, "Value")
        if not values:
            raise AwsError("InvalidParameterValue", f"The filter '{name}' has no value")
        filters.append((name, values))
    return filters


def current_page(call, query):
    token = call.arguments.get("NextToken")
    if token is None:
        return Page(query, after=0, number=1)
    page = call.world.pages.find(token)
    if page is None or page.query != query:
        raise AwsError("InvalidParameterValue",
                       f"Value ( {token} ) for parameter NextToken is invalid. "
                       "The token is invalid.")
    return page


def select(call, page, matches, limit):
    """The instances of a page, and whether more follow."""
    chosen = []
    for each in map(call.world.fleet.stale.view, call.world.fleet.after(page.after)):
        if matches(each):
            if len(chosen) == limit:
                return chosen, True
            chosen.append(each)
    return chosen, False


def reservation_set(call, instances):
    world = call.world
    by_reservation = {}
    for each in instances:
        rendered = xmlout.instance(each, world.region)
        by_reservation.setdefault(each.reservation, []).append(rendered)
    inner = "".join(xmlout.reservation(key, world.account, rendered)
                    for key, rendered in by_reservation.items())
    return f"<reservationSet>{inner}</reservationSet>" if inner else "<reservationSet/>"


def describe_instances(call):
    arguments, world = call.arguments, call.world
    limit = whole_number(arguments, "MaxResults", PAGE_MIN, PAGE_MAX)
    named = find_instances(call)
    if named and (limit is not None or "NextToken" in arguments):
        raise AwsError("InvalidParameterCombination",
                       "The parameter instancesSet cannot be used with the parameter maxResults")
    filters = parse_filters(arguments)
    matches = compile_filters(filters)
    query = sorted((name, sorted(values)) for name, values in filters)
    page = current_page(call, query)
    refuse_dry_run(call)
    if page.number == 1:
        world.fleet.stale.begin_look()

    if call.fault_is("empty"):
        return answer(call, "<reservationSet/>")
    if call.fault_is("empty-page"):
        token = world.pages.token(Page(query, page.after, page.number + 1))
        return answer(call, "<reservationSet/>" + xmlout.element("nextToken", token))
    if named:
        seen = map(world.fleet.stale.view, named)
        return answer(call, reservation_set(call, filter(matches, seen)))
    chosen, more = select(call, page, matches, limit)
    token = None
    if call.fault_is("repeat-token"):
        token = arguments.get("NextToken") or world.pages.token(Page(query, page.after, 1))
    elif more:
        token = world.pages.token(Page(query, chosen[-1].sequence, page.number + 1))
    return answer(call, reservation_set(call, chosen) + xmlout.element("nextToken", token))


# -- RunInstances

def run_instances(call):
    arguments, world = call.arguments, call.world
    image = required(arguments, "ImageId")
    if not re.fullmatch(r"ami-[0-9a-f]{8,17}", image):
        raise AwsError("InvalidAMIID.Malformed", f'Invalid id: "{image}"')
    required(arguments, "MinCount")
    required(arguments, "MaxCount")
    least = whole_number(arguments, "MinCount", 1, LAUNCH_MAX)
    count = whole_number(arguments, "MaxCount", 1, LAUNCH_MAX)
    if least > count:
        raise AwsError("InvalidParameterCombination", "MinCount is greater than MaxCount")
    address = arguments.get("PrivateIpAddress")
    if address and count > 1:
        raise AwsError("InvalidParameterCombination",
                       "PrivateIpAddress cannot be used with more than one instance")
    tags = tag_specification(arguments)
    token = arguments.get("ClientToken", "")
    again = [each for each in world.fleet.after(0) if token and each.client_token == token]
    refuse_dry_run(call)
    launched = again or launch(call, count, address, tags)
    rendered = [xmlout.instance(each, world.region) for each in launched]
    return answer(call, f"<reservationId>{launched[0].reservation}</reservationId>"
                        f"<ownerId>{world.account}</ownerId><groupSet/>"
                        f"<instancesSet>{''.join(rendered)}</instancesSet>")


def launch(call, count, address, tags):
    arguments, world = call.arguments, call.world
    attributes = {"image": arguments["ImageId"], "client_token": arguments.get("ClientToken", ""),
                  "type": arguments.get("InstanceType", "t3.micro")}
    if "SubnetId" in arguments:
        attributes["subnet"] = arguments["SubnetId"]
    placement = arguments.get("Placement", {})
    try:
        return world.fleet.launch(count, [address] if address else None, tags=tags,
                                  az=placement.get("AvailabilityZone"), **attributes)
    except AddressesExhausted:
        raise AwsError("InsufficientFreeAddressesInSubnet",
                       "There are not enough free addresses in the subnet") from None


# -- TerminateInstances, StopInstances, StartInstances

def change_states(call, source, passing):
    """Move every named instance to state `passing`, if it is in one of `source`."""
    required(call.arguments, "InstanceId")
    instances = find_instances(call)
    for each in instances:
        if passing != "shutting-down" and each.state in ("shutting-down", "terminated"):
            raise AwsError("IncorrectInstanceState",
                           f"The instance '{each.id}' is not in a state from which it can be "
                           f"{'stopped' if passing == 'stopping' else 'started'}.")
    refuse_dry_run(call)
    changes = []
    for each in instances:
        before = each.state
        if before in source:
            call.world.fleet.set_state(each, passing)
        changes.append(xmlout.element("instanceId", each.id)
                       + xmlout.state("currentState", each.state)
                       + xmlout.state("previousState", before))
    return answer(call, xmlout.items("instancesSet", changes))


def terminate_instances(call):
    return change_states(call, ("pending", "running", "stopping", "stopped"), "shutting-down")


def stop_instances(call):
    return change_states(call, ("pending", "running"), "stopping")


def start_instances(call):
    return change_states(call, ("stopped",), "pending")


def change_tags(change):
    def run(call):
        change(call.world.fleet, call.arguments, lambda: refuse_dry_run(call))
        return answer(call, "<return>true</return>")
    return run


def writing(run, parameters):
    return Action(run, None if parameters is None else frozenset(parameters), mutating=True)


TAG_PARAMETERS = frozenset({"ResourceId", "Tag", "DryRun"})
SERVICE = Service(
    name="ec2",
    version="2016-11-15",
    content_type="text/xml;charset=UTF-8",
    render_error=render_error,
    actions={
        "DescribeInstances": Action(
            describe_instances,
            frozenset({"Filter", "InstanceId", "MaxResults", "NextToken", "DryRun"}), page_of),
        "CreateTags": writing(change_tags(create_tags), TAG_PARAMETERS),
        "DeleteTags": writing(change_tags(delete_tags), TAG_PARAMETERS),
        "RunInstances": writing(run_instances, None),
        "TerminateInstances": writing(terminate_instances, {"InstanceId", "DryRun"}),
        "StopInstances": writing(stop_instances, {"InstanceId", "DryRun", "Force", "Hibernate"}),
        "StartInstances": writing(start_instances, {"InstanceId", "DryRun", "AdditionalInfo"}),
    },
    signature_errors={
        Reason.MISSING: ("MissingAuthenticationToken",
                         "Request is missing Authentication Token", 403),
        Reason.MALFORMED: ("IncompleteSignature",
                           "The request signature does not conform to AWS standards", 400),
        Reason.SKEWED: ("RequestExpired", "Request has expired.", 400),
        Reason.CREDENTIALS_EXPIRED: ("RequestExpired", "Request has expired.", 400),
        Reason.WRONG_REGION: ("AuthFailure", "Credential should be scoped to a valid region.", 401),
        Reason.WRONG_SERVICE: ("AuthFailure", "Credential should be scoped to correct service.",
                               401),
        Reason.UNKNOWN_KEY: UNVALIDATED,
        Reason.UNSIGNED_HEADER: UNVALIDATED,
        Reason.MISMATCH: UNVALIDATED,
        Reason.WRONG_TOKEN: UNVALIDATED,
    })
