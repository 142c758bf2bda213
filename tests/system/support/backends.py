# SPDX-License-Identifier: MIT
"""Real HTTP servers on loopback addresses: the application servers behind a load balancer.

Each counts what it has in hand, so that a test can stop it as an operator would, when nothing is
in hand any more, or as a hypervisor would, in the middle of everything.
"""

import http.server
import socket
import threading
import time
import urllib.parse

from .waiting import wait_until

HEALTH_PATH = "/health"
SLOW_PATH = "/slow"  # /slow?seconds=3


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keep-alive
    disable_nagle_algorithm = True

    def do_GET(self):
        backend = self.server.backend
        path = urllib.parse.urlsplit(self.path)
        if path.path == HEALTH_PATH:
            self.answer(b"healthy\n")
            return
        with backend.request_in_hand():
            if path.path == SLOW_PATH:
                seconds = float(urllib.parse.parse_qs(path.query)["seconds"][0])
                backend.died.wait(seconds)
            if not backend.died.is_set():
                self.answer(f"{backend.address}\n".encode())

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def handle_error(self, *_):
        """Load balancers hang up when they know enough."""


class Backend:
    """One application server. start() and stop() may follow each other any number of times."""

    def __init__(self, address, port):
        self.address = address
        self.port = port
        self.died = threading.Event()
        self.cut = 0         # requests that were in hand when it stopped
        self.begun = []      # time.monotonic() of each request but health checks
        self._in_hand = 0
        self._lock = threading.Lock()
        self._server = None
        self._connections = set()

    def start(self):
        self.died.clear()
        self._server = Server((self.address, self.port), Handler, bind_and_activate=False)
        self._server.backend = self
        self._server.process_request = self._keep_connection
        self._server.server_bind()
        self._server.server_activate()
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    @property
    def is_running(self):
        return self._server is not None

    def stop(self):
        """At once: whoever connects is refused, open connections end, what is in hand is cut."""
        if self._server is None:
            return
        with self._lock:
            self.cut += self._in_hand
        self.died.set()
        self._server.shutdown()
        self._server.server_close()
        for connection in list(self._connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # the peer has closed it already
        self._connections.clear()
        self._server = None

    def finish(self, limit_s):
        """As an operator stops it: when nothing is in hand any more."""
        wait_until(lambda: self.in_hand == 0, limit_s, f"{self.address} has nothing in hand")
        self.stop()

    @property
    def in_hand(self):
        with self._lock:
            return self._in_hand

    def begun_after(self, moment):
        """Number of requests that began after `moment`, a time.monotonic()."""
        with self._lock:
            return sum(1 for each in self.begun if each > moment)

    def request_in_hand(self):
        return InHand(self)

    def count(self, change):
        with self._lock:
            self._in_hand += change
            if change > 0:
                self.begun.append(time.monotonic())

    def _keep_connection(self, connection, client):
        self._connections.add(connection)
        Server.process_request(self._server, connection, client)


class InHand:
    """The time from reading a request to the last octet of its answer."""

    def __init__(self, backend):
        self.backend = backend

    def __enter__(self):
        self.backend.count(+1)

    def __exit__(self, *_):
        self.backend.count(-1)
