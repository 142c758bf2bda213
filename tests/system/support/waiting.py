# SPDX-License-Identifier: MIT
"""Waiting for something to become true, with a deadline and never longer than needed."""

import statistics
import time

STEP_S = 0.02
TRIES = 3


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


def best_of(promise_s, trial, tries=TRIES):
    """`trial()` returns how many seconds something took that is promised within `promise_s`. A busy
    machine spoils one trial or another, a broken promise all of them; the first good one is enough.
    A trial gets its number, from 0 on, and waits far longer than the promise by itself."""
    times = []
    for number in range(tries):
        times.append(trial(number))
        if times[-1] <= promise_s:
            return
    raise AssertionError(f"promised within {promise_s} s: {times}")


def median_of(promise_s, trial, trials=5, tries=TRIES):
    """Like best_of(), where the promise is kept by the median of so many trials."""
    best_of(promise_s, lambda turn: statistics.median(
        trial(turn * trials + number) for number in range(trials)), tries)
