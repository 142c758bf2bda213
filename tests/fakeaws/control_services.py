# SPDX-License-Identifier: MIT
"""The part of the control API for queues, events, roles, containers' keys and further worlds."""

import json

from . import events, sqs
from .sts_model import Role, WebIdentity

QUEUE_FIELDS = {"visibility_s", "wait_s", "delay_s"}
CONTAINER_FIELDS = {"up", "path", "token", "role", "account", "expires_in_s"}
MESSAGES_MAX = 10_000


def show_world(world):
    """Asking for a world makes it."""
    key = world.cloud.credentials.add_account(world.account)
    return {"region": world.region, "account": world.account, "access_key": key.access_key,
            "secret_key": key.secret_key}


# -- queues

def find_queue(world, name):
    queue = world.queues.find(name)
    if queue is None:
        raise ValueError(f"no queue {name}")
    return queue


def create_queue(world, name, **attributes):
    unknown = attributes.keys() - QUEUE_FIELDS
    if unknown:
        raise ValueError(f"a queue has no {', '.join(sorted(unknown))}")
    if world.queues.find(name) is None:
        world.queues.create(name, **attributes)
    return show_queue(world, name)


def delete_queue(world, name):
    find_queue(world, name)
    world.queues.delete(name)
    return {}


def purge_queue(world, name):
    find_queue(world, name).purge()
    return {}


def show_queue(world, name):
    queue = find_queue(world, name)
    visible, in_flight, delayed = queue.counts()
    return {"path": f"/{world.account}/{name}", "arn": sqs.arn(world, name), "visible": visible,
            "in_flight": in_flight, "delayed": delayed, "sent": queue.sent,
            "received": queue.received, "deleted": queue.deleted, "waiting": queue.waiting,
            "bodies": queue.bodies()}


def send(world, name, bodies, copies=1, delay_ms=0):
    """Any text, also such as the API would not take."""
    queue = find_queue(world, name)
    if not all(isinstance(each, str) for each in bodies):
        raise ValueError("bodies are texts")
    if len(bodies) * copies > MESSAGES_MAX:
        raise ValueError(f"more than {MESSAGES_MAX} messages")
    for body in bodies:
        for _ in range(copies):
            queue.send(body, delay_ms / 1000)
    return {}


# -- events

def set_events(world, on=True, **order):
    if on:
        find_queue(world, order.get("queue"))
        if "kinds" in order:
            order["kinds"] = tuple(order["kinds"])
    world.events.order = events.Order(**order) if on else None
    return {}


def example_action(world, group=None, id=None):
    """(group, member, action) of a hook that holds an instance now."""
    for each in world.groups.all():
        for member in each.members.values():
            for action in member.actions.values():
                if group in (None, each.name) and id in (None, member.id):
                    return each, member, action
    raise ValueError("no lifecycle hook holds such an instance")


def event_of(world, shape, id=None, group=None, keys=("srv_weight",)):
    """The body of one event in the shape asked for."""
    if shape == "garbage":
        return events.GARBAGE
    if shape == "test-notification":
        return json.dumps(events.test_notification(world, group or "web"))
    if shape in ("lifecycle", "asg-direct", "sns"):
        found = example_action(world, group, id)
        make = events.lifecycle if shape == "lifecycle" else events.asg_direct
        body = json.dumps(make(world, *found))
        return json.dumps(events.sns(world, body)) if shape == "sns" else body
    instance = world.fleet.find(id)
    if instance is None:
        raise ValueError(f"no instance {id}")
    if shape == "state-change":
        return json.dumps(events.state_change(world, instance))
    if shape == "tag-change":
        return json.dumps(events.tag_change(world, instance, keys))
    raise ValueError(f"no shape {shape!r}")


def send_events(world, queue, shapes, copies=1, reverse=False, delay_ms=0, **about):
    """One message of each shape, in this order or the reverse."""
    bodies = [event_of(world, each, **about) for each in shapes]
    return send(world, queue, bodies[::-1] if reverse else bodies, copies, delay_ms)


# -- who may be whom

def add_role(world, name="rollcall", arn=None, **fields):
    role = Role(arn or f"arn:aws:iam::{world.account}:role/{name}", **fields)
    world.cloud.roles.add(role)
    world.cloud.credentials.add_account(role.account)
    return {"arn": role.arn}


def add_web_identity(world, token, **fields):
    world.cloud.roles.add_identity(WebIdentity(token, **fields))
    return {}


def set_container(world, **settings):
    unknown = settings.keys() - CONTAINER_FIELDS
    if unknown:
        raise ValueError(f"the container's endpoint has no {', '.join(sorted(unknown))}")
    for key, value in settings.items():
        setattr(world.cloud.container, key, value)
    world.cloud.container.issued = None
    return {}


ROUTES = {("GET", "world"): show_world, ("POST", "world"): show_world,
          ("POST", "queue"): create_queue, ("POST", "queue/delete"): delete_queue,
          ("POST", "queue/purge"): purge_queue, ("POST", "queue/show"): show_queue,
          ("POST", "queue/send"): send, ("POST", "events"): set_events,
          ("POST", "events/send"): send_events, ("POST", "role"): add_role,
          ("POST", "web-identity"): add_web_identity, ("POST", "container"): set_container}
