# SPDX-License-Identifier: MIT
"""HTTP/1.1 with keep-alive, and the ways to break it: late, cut and dropped answers.

An application here is any callable that takes a Request and returns a Response.
"""

import http.server
import select
import socket
import socketserver
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate

MAX_BODY_OCTETS = 4 << 20  # a CreateTags of 1,000 ids and 50 tags is well under 1 MiB
CHUNK_OCTETS = 16 << 10
IDLE_TIMEOUT_S = 60


@dataclass
class Request:
    """What came in, unchanged: a signature is only as good as the bytes it is checked against."""

    method: str
    target: str
    headers: list  # (name, value) in the order received, duplicates kept
    body: bytes
    is_gone: Callable = lambda: False  # whether the client has closed its connection meanwhile

    @property
    def path(self):
        return self.target.partition("?")[0]

    @property
    def query(self):
        return self.target.partition("?")[2]

    def header(self, name):
        """The header's value, None when absent; a repeated one is joined by commas."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ",".join(values) if values else None


@dataclass
class Response:
    status: int
    body: bytes = b""
    content_type: str = "text/plain"
    headers: list = field(default_factory=list)
    chunked: bool = False
    date_s: float = 0.0       # for the Date header; 0: now
    delay_ms: int = 0
    cut_at: int | None = None  # octets of body after which the connection ends
    drop: bool = False         # close without any answer


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_TIMEOUT_S

    def answer(self):
        body = self.read_body()
        if body is None:
            return
        request = Request(self.command, self.path, list(self.headers.items()), body,
                          self.is_gone)
        try:
            response = self.server.application(request)
        except Exception:  # a bug of ours must show in the test's output, not hang its client
            traceback.print_exc(file=sys.stderr)
            response = Response(500, b"fakeaws failed; see its standard error\n")
        self.deliver(response)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer

    def is_gone(self):
        try:
            readable, _, _ = select.select([self.connection], [], [], 0)
            return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)
        except OSError:
            return True

    def read_body(self):
        length = self.headers.get("Content-Length", "0")
        if self.headers.get("Transfer-Encoding") or not length.isascii() or not length.isdigit():
            self.deliver(Response(411, b"a Content-Length is needed\n"), close=True)
            return None
        if int(length) > MAX_BODY_OCTETS:
            self.deliver(Response(413, b"too large\n"), close=True)
            return None
        return self.rfile.read(int(length))

    def deliver(self, response, close=False):
        if response.delay_ms:
            time.sleep(response.delay_ms / 1000)
        if response.drop:
            self.close_connection = True
            return
        body = b"" if self.command == "HEAD" else response.body
        chunked = response.chunked and self.command != "HEAD"
        head = self.head(response, chunked, close)
        whole = len(body) if response.cut_at is None else cut_position(body, response.cut_at)
        sent = b"".join(chunks(body, whole)) if chunked else body[:whole]
        if chunked and response.cut_at is None:
            sent += b"0\r\n\r\n"
        self.close_connection = self.close_connection or close or response.cut_at is not None
        self.wfile.write(head + sent)
        self.wfile.flush()

    def head(self, response, chunked, close):
        reason = http.server.BaseHTTPRequestHandler.responses.get(response.status, ("Unknown",))[0]
        lines = [f"HTTP/1.1 {response.status} {reason}",
                 f"Date: {formatdate(response.date_s or time.time(), usegmt=True)}",
                 f"Content-Type: {response.content_type}"]
        lines.append("Transfer-Encoding: chunked" if chunked
                     else f"Content-Length: {len(response.body)}")
        lines += [f"{name}: {value}" for name, value in response.headers]
        if close:
            lines.append("Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def log_message(self, format, *arguments):  # the base class names it so
        if self.server.verbose:
            super().log_message(format, *arguments)


def cut_position(body, cut_at):
    """A negative cut counts from the end, as a slice does."""
    return max(0, len(body) + cut_at) if cut_at < 0 else min(cut_at, len(body))


def chunks(body, end):
    """The first `end` octets as chunks. A cut falls inside a chunk that promised more."""
    for start in range(0, end, CHUNK_OCTETS):
        promised = body[start:start + CHUNK_OCTETS]
        yield b"%x\r\n" % len(promised)
        yield body[start:min(end, start + CHUNK_OCTETS)]
        if start + len(promised) <= end:
            yield b"\r\n"


class HttpServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """One thread per connection."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address, port, application, verbose=False):
        self.application = application
        self.verbose = verbose
        super().__init__((address, port), Handler)

    @property
    def url(self):
        address, port = self.server_address
        return f"http://{address}:{port}"

    def handle_error(self, request, client_address):
        # A client that goes away in the middle is an ordinary event in these tests.
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)
