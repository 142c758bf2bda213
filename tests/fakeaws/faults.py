# SPDX-License-Identifier: MIT
"""Faults that a test has ordered: which request they hit, and what they make of its answer."""

from dataclasses import dataclass

KINDS = ("error", "raw", "cut", "delay", "drop", "empty", "empty-page", "repeat-token",
         "failed-entries")
FOREVER = -1
MUTATING = "mutating"  # the action that stands for every one that changes something
IMDS = "IMDS"  # the action that stands for every request to the metadata service
CONTAINER = "CONTAINER"  # and for every request to the container's credentials


@dataclass
class Fault:
    kind: str
    action: str = "*"
    page: int | None = None       # None: every page
    times: int = 1                # FOREVER: until cleared
    status: int | None = None     # None: 503 for an error, 200 for a raw body
    code: str = "RequestLimitExceeded"
    message: str = "Request limit exceeded."
    body: str = ""
    content_type: str = "text/html"
    cut_at: int | None = None     # None: in the middle
    whole_http: bool = False      # cut only the body: the HTTP message itself is complete
    delay_ms: int = 0
    skip: int = 0                 # how many requests that it would hit go by unharmed first
    after: bool = False           # error, drop: the action takes effect all the same
    entries: int | None = None    # failed-entries: so many, the first of the batch; None: all

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"kind {self.kind!r} is none of {', '.join(KINDS)}")
        if self.times < 1 and self.times != FOREVER:
            raise ValueError(f"times {self.times}: 1 or more, or {FOREVER} for ever")
        if self.skip < 0:
            raise ValueError(f"skip {self.skip}: 0 or more")

    def hits(self, action, page, mutating):
        """"*" is every action of every service; those that hand out keys are none of them."""
        wanted = (self.action == action
                  or (self.action == "*" and action not in (IMDS, CONTAINER))
                  or (self.action == MUTATING and mutating))
        return wanted and self.page in (None, page)

    @property
    def prevents(self):
        """The action is not carried out at all."""
        return self.kind in ("error", "drop") and not self.after


class Faults:
    def __init__(self):
        self._faults = []

    def clear(self):
        self._faults.clear()

    def add(self, fault):
        self._faults.append(fault)

    def take(self, action, page, mutating=False):
        """The first fault that hits this request, used up by one; None when there is none."""
        for index, fault in enumerate(self._faults):
            if not fault.hits(action, page, mutating):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            if fault.times != FOREVER:
                fault.times -= 1
                if fault.times == 0:
                    del self._faults[index]
            return fault
        return None


def spoil(response, fault):
    """Apply to a finished answer what of `fault` concerns the transport."""
    response.delay_ms = fault.delay_ms
    if fault.kind == "drop":
        response.drop = True
    elif fault.kind == "raw":
        response.status = fault.status or 200
        response.body = fault.body.encode()
        response.content_type = fault.content_type
        response.chunked = False
    elif fault.kind == "cut":
        response.cut_at = len(response.body) // 2 if fault.cut_at is None else fault.cut_at
        if fault.whole_http:
            response.body = response.body[:response.cut_at]
            response.cut_at = None
    return response
