# SPDX-License-Identifier: MIT
"""What was asked of the fake AWS: counts by action and the last requests in full."""

import collections
import time

RECENT_MAX = 2000


class Journal:
    def __init__(self):
        self.clear()

    def clear(self):
        self._counts = collections.Counter()
        self._recent = collections.deque(maxlen=RECENT_MAX)

    def record(self, action, params, status, page=None, code=None, fault=None):
        """`status` 0: no answer was given."""
        self._counts[action] += 1
        self._recent.append({"action": action, "params": params, "at": time.time(),
                             "status": status, "page": page, "code": code, "fault": fault})

    def to_json(self):
        return {"counts": dict(self._counts), "recent": list(self._recent)}
