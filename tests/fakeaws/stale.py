# SPDX-License-Identifier: MIT
"""EC2's eventual consistency: for some looks after a write, instances show the tags of before.

A look is one listing from its first page to its last, whoever asks. Answers and filters go by the
same view.
"""

import dataclasses


class StaleReads:
    def __init__(self):
        self.reads = 0    # how many looks after a write still show the old tags
        self._look = 0    # the number of the current one
        self._before = {}  # instance id -> [(last look, the tags that it still shows)]

    def remember(self, instance):
        """To be called before each write of tags."""
        if self.reads:
            shown_until = (self._look + self.reads, dict(instance.tags))
            self._before.setdefault(instance.id, []).append(shown_until)

    def begin_look(self):
        self._look += 1
        for id_, writes in list(self._before.items()):
            left = [(until, tags) for until, tags in writes if until >= self._look]
            if left:
                self._before[id_] = left
            else:
                del self._before[id_]

    def view(self, instance):
        """The instance as the current look shows it."""
        writes = self._before.get(instance.id)
        if not writes:
            return instance
        return dataclasses.replace(instance, tags=writes[0][1], rendered=None)
