# SPDX-License-Identifier: MIT
"""Waiting for something to become true, with a deadline and never longer than needed."""

import time

STEP_S = 0.02


def wait_until(claim, limit_s, what):
    """Ask `claim` until it returns something true, and return that; AssertionError otherwise.

    An AssertionError inside `claim` counts as "not yet", and the last one is told at the end.
    """
    deadline = time.monotonic() + limit_s
    last = None
    while True:
        try:
            value = claim()
            if value:
                return value
        except AssertionError as error:
            last = error
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {limit_s} s: {what}" + (f" ({last})" if last else ""))
        time.sleep(STEP_S)


def holds_for(claim, seconds, what):
    """`claim` must stay true for the whole time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert claim(), f"stopped being true: {what}"
        time.sleep(STEP_S)
