# SPDX-License-Identifier: MIT
"""What was asked of the fake AWS: counts by action and the last requests in full."""

import collections
import time

RECENT_MAX = 2000
WRITES_MAX = 50_000  # `seq` tells when the oldest have fallen out


class Journal:
    def __init__(self):
        self.clear()
        self.clear_writes()

    def clear(self):
        self._counts = collections.Counter()
        self._recent = collections.deque(maxlen=RECENT_MAX)

    def record(self, action, params, status, page=None, code=None, fault=None):
        """`status` 0: no answer was given."""
        self._counts[action] += 1
        self._recent.append({"action": action, "params": params, "at": time.time(),
                             "status": status, "page": page, "code": code, "fault": fault})

    def clear_writes(self):
        self._writes = collections.deque(maxlen=WRITES_MAX)
        self._written = 0

    def record_write(self, service, action, ids, params, code, effect):
        """`effect`: whether it was carried out, whatever the client was told (`code`)."""
        self._written += 1
        self._writes.append({"seq": self._written, "at": time.time(), "service": service,
                             "action": action, "ids": ids, "params": params, "code": code,
                             "effect": effect})

    def writes(self):
        return list(self._writes)

    def to_json(self):
        return {"counts": dict(self._counts), "recent": list(self._recent)}
