# SPDX-License-Identifier: MIT
"""The control API for tests: change the model as no AWS client could, order faults, look back."""

import functools
import json
import re
import urllib.parse

from . import autoscaling_control, control_services
from .faults import Fault
from .fleet import GROUP_TAG, AddressesExhausted, RawXml
from .httpd import Response

DEFAULT_WEIGHT = "65535"
INSTANCE_FIELDS = {"private_address", "az", "state_code", "ipv6_addresses", "secondary_addresses",
                   "extra_interfaces", "subnet", "vpc", "image", "type", "raw_xml", "duplicates"}
IMDS_FIELDS = {"up", "v1_only", "role", "expires_in_s", "instance_id", "local_ipv4", "az"}


class Refused(Exception):
    """The test asked for something that does not exist or makes no sense."""


def value_of(value):
    """{"raw_xml": "..."} stands for text that is put into answers verbatim."""
    if isinstance(value, dict):
        if value.keys() != {"raw_xml"}:
            raise Refused(f"an object as a value must be {{\"raw_xml\": ...}}: {value}")
        return RawXml(value["raw_xml"])
    return value


def tags_of(tags):
    values = {key: value_of(value) for key, value in tags.items()}
    return {key: value if value is None or isinstance(value, RawXml) else str(value)
            for key, value in values.items()}


class Control:
    """`?region=` and `?account=` choose the world, which is made when it is not there yet."""

    def __init__(self, cloud):
        self._cloud = cloud

    def __call__(self, request):
        name = request.path.removeprefix("/_control/")
        try:
            place = parse_place(request.query)
            world = self._cloud.world(place.get("region"), place.get("account"))
            world.advance()
            if (request.method, name) == ("POST", "reset"):
                return reply(200, self._reset(world, place))
            route = WorldControl(world).route(request.method, name)
            if route is None:
                return reply(404, {"error": f"no {request.method} /_control/{name}"})
            return reply(200, route(**(json.loads(request.body) if request.body else {})))
        except (Refused, TypeError, ValueError, KeyError, AttributeError,
                AddressesExhausted) as error:
            return reply(400, {"error": f"/_control/{name}: {type(error).__name__}: {error}"})

    def _reset(self, world, place):
        """The one world that was named, or else everything."""
        if place:
            self._cloud.renew(world)
        else:
            self._cloud.reset()
        return {}


def parse_place(query):
    place = dict(urllib.parse.parse_qsl(query, strict_parsing=True)) if query else {}
    for name, value in place.items():
        pattern = {"region": r"[a-z]{2,}(-[a-z]+)+-\d+", "account": r"\d{12}"}.get(name)
        if pattern is None or not re.fullmatch(pattern, value):
            raise Refused(f"{name}={value} names no world")
    return place


class WorldControl:
    def __init__(self, world):
        self._world = world
        self._routes = {
            ("GET", "instances"): self.instances, ("POST", "launch"): self.launch,
            ("POST", "instance"): self.instance, ("POST", "tags"): self.tags,
            ("POST", "terminate"): self.terminate, ("POST", "fault"): self.fault,
            ("POST", "faults/clear"): self.clear_faults, ("GET", "requests"): self.requests,
            ("POST", "requests/clear"): self.clear_requests, ("POST", "clock"): self.clock,
            ("POST", "imds"): self.imds,
            ("POST", "asg"): self.create_group, ("POST", "asg/scale"): self.scale_group,
            ("GET", "asg"): self.groups, ("GET", "journal"): self.writes,
            ("POST", "journal/clear"): self.clear_writes, ("POST", "settings"): self.settings}

    def route(self, method, name):
        """The function that answers, None when there is none."""
        if (method, name) in self._routes:
            return self._routes[method, name]
        if (method, name) in control_services.ROUTES:
            return functools.partial(control_services.ROUTES[method, name], self._world)
        return self._group_route(method, name)

    def _group_route(self, method, name):
        """GET asg/NAME, the one request with a name in its path."""
        kind, _, group = name.partition("/")
        if method != "GET" or kind != "asg":
            return None
        return lambda: autoscaling_control.show(self._world, urllib.parse.unquote(group))

    def _find(self, instance_id):
        found = self._world.fleet.find(instance_id)
        if found is None:
            raise Refused(f"no instance {instance_id}")
        return found

    def instances(self):
        return [each.to_json() for each in self._world.fleet.after(0)]

    def launch(self, group=None, count=1, tags=None, addresses=None, network="10.0.0.0/16",
               state="running", az=None, tagged=True):
        """`tagged`: with the weight and the address that the launch hook would have set."""
        own = tags_of(tags or {})
        if addresses and len(addresses) != count:
            raise Refused(f"{len(addresses)} addresses for {count} instances")

        def all_tags(instance):
            found = {} if group is None else {GROUP_TAG: group}
            if tagged:
                found |= {"srv_weight": DEFAULT_WEIGHT, "ip_address": instance.private_address}
            return {key: value for key, value in (found | own).items() if value is not None}

        launched = self._world.fleet.launch(count, addresses, network, state, az, all_tags)
        return {"ids": [each.id for each in launched]}

    def instance(self, id, state=None, tags=None, forget=False, **changes):
        fleet = self._world.fleet
        found = self._find(id)
        unknown = changes.keys() - INSTANCE_FIELDS
        if unknown:
            raise Refused(f"an instance has no {', '.join(sorted(unknown))}")
        if forget:
            fleet.forget(found)
            return {}
        if state is not None:
            fleet.set_state(found, value_of(state), walk=False)
        for key, value in changes.items():
            if isinstance(value, list):
                setattr(found, key, [value_of(each) for each in value])
            else:
                setattr(found, key, value_of(value))
        fleet.set_tags(found, tags_of(tags or {}))
        return found.to_json()

    def tags(self, ids, tags):
        instances = [self._find(each) for each in ids]
        for each in instances:
            self._world.fleet.set_tags(each, tags_of(tags))
        return {}

    def terminate(self, ids):
        for each in [self._find(each) for each in ids]:
            self._world.fleet.terminate(each)
        return {}

    def fault(self, **fields):
        self._world.faults.add(Fault(**fields))
        return {}

    def clear_faults(self):
        self._world.faults.clear()
        return {}

    def requests(self):
        return self._world.journal.to_json()

    def clear_requests(self):
        self._world.journal.clear()
        return {}

    def clock(self, skew_s):
        self._world.clock.skew_s = float(skew_s)
        return {}

    def imds(self, **settings):
        unknown = settings.keys() - IMDS_FIELDS
        if unknown:
            raise Refused(f"imds has no {', '.join(sorted(unknown))}")
        for key, value in settings.items():
            setattr(self._world.cloud.imds, key, value)
        self._world.cloud.imds.issued = None
        return {}

    def create_group(self, **fields):
        return autoscaling_control.create(self._world, **fields)

    def scale_group(self, name, desired):
        return autoscaling_control.scale(self._world, name, desired)

    def groups(self):
        return [each.name for each in self._world.groups.all()]

    def writes(self):
        return self._world.journal.writes()

    def clear_writes(self):
        self._world.journal.clear_writes()
        return {}

    def settings(self, time_scale=None, stale_reads=None):
        """How long hooks' seconds last, and how many looks miss a write of tags."""
        if time_scale is not None and not time_scale > 0:
            raise Refused(f"time_scale {time_scale}: more than 0")
        if stale_reads is not None and stale_reads < 0:
            raise Refused(f"stale_reads {stale_reads}: 0 or more")
        if time_scale is not None:
            self._world.groups.time_scale = float(time_scale)
        if stale_reads is not None:
            self._world.fleet.stale.reads = int(stale_reads)
        return {}


def reply(status, document):
    return Response(status, json.dumps(document).encode(), "application/json")
