# SPDX-License-Identifier: MIT
"""Queues and their messages: what is visible, what is in flight, and what has been deleted."""

import base64
import hashlib
import secrets
import time
import uuid
from dataclasses import dataclass, field

SHOWN_MAX = 1000  # bodies that the control API lists


@dataclass(eq=False)
class Message:
    body: str
    visible_at: float   # on the monotonic clock
    sent_s: float
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    receives: int = 0
    first_received_s: float = 0.0
    receipt: str | None = None  # of the latest receive, the only one that deletes

    @property
    def md5(self):
        return hashlib.md5(self.body.encode()).hexdigest()


class Queue:
    """A standard queue. Messages come in the order in which they become visible."""

    def __init__(self, name, changed, visibility_s=30, wait_s=0, delay_s=0):
        self.name = name
        self.visibility_s = visibility_s
        self.wait_s = wait_s
        self.delay_s = delay_s
        self.created_s = time.time()
        self.sent = self.received = self.deleted = 0
        self.waiting = 0          # long polls that are under way
        self.is_deleted = False
        self._changed = changed
        self._messages = []
        self._receipts = {}       # receipt handle -> message, the used ones as well

    def send(self, body, delay_s=None):
        delay_s = self.delay_s if delay_s is None else delay_s
        message = Message(body, time.monotonic() + delay_s, time.time())
        self._messages.append(message)
        self.sent += 1
        self._changed.notify_all()
        return message

    def receive(self, most, visibility_s=None):
        now = time.monotonic()
        visible = sorted((each for each in self._messages if each.visible_at <= now),
                         key=lambda each: each.visible_at)[:most]
        for each in visible:
            each.visible_at = now + (self.visibility_s if visibility_s is None else visibility_s)
            each.receives += 1
            each.first_received_s = each.first_received_s or time.time()
            each.receipt = base64.b64encode(secrets.token_bytes(120)).decode()
            self._receipts[each.receipt] = each
        self.received += len(visible)
        return visible

    def next_visible_s(self):
        """In how many seconds the next message becomes visible; None without any."""
        first = min((each.visible_at for each in self._messages), default=None)
        return None if first is None else max(0.0, first - time.monotonic())

    def delete(self, receipt):
        """False for a handle that this queue never gave out. One that is not a message's latest is
        accepted without effect, as may happen at AWS."""
        message = self._receipts.get(receipt)
        if message is None:
            return False
        if message.receipt == receipt and message in self._messages:
            self._messages.remove(message)
            self.deleted += 1
        return True

    def purge(self):
        self._messages.clear()

    def counts(self):
        """(visible, in flight, delayed)"""
        now = time.monotonic()
        hidden = [each for each in self._messages if each.visible_at > now]
        in_flight = sum(1 for each in hidden if each.receives)
        return len(self._messages) - len(hidden), in_flight, len(hidden) - in_flight

    def bodies(self):
        return [each.body for each in self._messages[:SHOWN_MAX]]


class Queues:
    def __init__(self, changed):
        self._changed = changed  # the condition that long polls wait for
        self._queues = {}

    def find(self, name):
        return self._queues.get(name)

    def names(self):
        return sorted(self._queues)

    def create(self, name, **attributes):
        queue = self._queues[name] = Queue(name, self._changed, **attributes)
        return queue

    def delete(self, name):
        self._queues.pop(name).is_deleted = True
        self._changed.notify_all()
