# SPDX-License-Identifier: MIT
"""Constant HTTP load from threads, that remembers every single outcome."""

import collections
import http.client
import itertools
import threading
import time

TIMEOUT_S = 20

Outcome = collections.namedtuple("Outcome", "at kind seconds server error")


class Stream:
    """One client: a request every `interval_s`, over one connection or over a new one each."""

    def __init__(self, load, kind, port, path, interval_s, keep_alive):
        self.load = load
        self.kind = kind
        self.port = port
        self.path = path
        self.interval_s = interval_s
        self.keep_alive = keep_alive
        self.connection = None

    def run(self):
        # Behind its schedule it goes on at once: the load does not fade when answers are slow.
        due = time.monotonic()
        while not self.load.ended.is_set():
            self.ask()
            due += self.interval_s
            self.load.ended.wait(max(0.0, due - time.monotonic()))
        self.close()

    def ask(self):
        begun = time.monotonic()
        server = error = None
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, TIMEOUT_S)
            self.connection.request("GET", self.path)
            answer = self.connection.getresponse()
            body = answer.read()
            if answer.status == 200:
                server = body.decode().strip()
            else:
                error = f"status {answer.status}"
            if not self.keep_alive or answer.will_close:
                self.close()
        except (OSError, http.client.HTTPException) as failure:
            error = f"{type(failure).__name__}: {failure}"
            self.close()
        self.load.outcomes.append(
            Outcome(begun, self.kind, time.monotonic() - begun, server, error))

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class Load:
    """Clients of one or more load balancers; `with Load(ports):` runs it."""

    STREAMS = 6        # of each kind
    INTERVAL_S = 0.12  # 2 x 6 streams: 100 requests a second
    SLOW_STREAMS = 6
    SLOW_S = 3

    def __init__(self, ports):
        self.outcomes = collections.deque()  # appending is atomic
        self.ended = threading.Event()
        self.threads = []
        self.begun = None
        self.seconds = 0.0
        port = itertools.cycle(ports)
        for _ in range(self.STREAMS):
            self._add("keep-alive", next(port), "/", self.INTERVAL_S, keep_alive=True)
            self._add("new connection", next(port), "/", self.INTERVAL_S, keep_alive=False)
        for number in range(self.SLOW_STREAMS):
            self._add("slow", next(port), f"/slow?seconds={self.SLOW_S}", 0.0,
                      keep_alive=number % 2 == 0)

    def _add(self, kind, port, path, interval_s, keep_alive):
        stream = Stream(self, kind, port, path, interval_s, keep_alive)
        self.threads.append(threading.Thread(target=stream.run, daemon=True))

    def __enter__(self):
        self.begun = time.monotonic()
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.seconds = time.monotonic() - self.begun
        for thread in self.threads:
            thread.join(TIMEOUT_S + self.SLOW_S)

    def count(self, kind=None):
        return sum(1 for each in self.outcomes if kind in (None, each.kind))

    def failures(self):
        return [each for each in list(self.outcomes) if each.error is not None]

    def rate(self):
        """Requests a second over the whole time."""
        return self.count() / self.seconds

    def summary(self):
        kinds = collections.Counter(each.kind for each in self.outcomes)
        return (f"{self.count()} requests in {self.seconds:.1f} s ({self.rate():.0f}/s), "
                f"{len(self.failures())} failed, {dict(kinds)}")
