# SPDX-License-Identifier: MIT
"""A machine between rollcall and the fake AWS: an HTTP proxy, or an endpoint on a bad network."""

import contextlib
import socket
import struct
import threading
import time
import urllib.parse

LIMIT_S = 30


def read_message(stream):
    """The octets of one HTTP message with a Content-Length; b"" at the end of the connection."""
    octets = b""
    while b"\r\n\r\n" not in octets:
        more = stream.recv(65536)
        if not more:
            return b""
        octets += more
    head, _, body = octets.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        more = stream.recv(65536)
        if not more:
            break
        body += more
    return head + b"\r\n\r\n" + body


class Gate:
    """Passes requests on to `upstream`. `mode`: "pass", or how answers are spoiled: "reset" in
    the middle of the body, "drip" an octet at a time, "silent", "refuse" with 407."""

    def __init__(self, upstream):
        parts = urllib.parse.urlsplit(upstream)
        self.upstream = (parts.hostname, parts.port)
        self.mode = "pass"
        self.request_lines = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        """Nobody listens here any more."""
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                stream, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(stream,), daemon=True).start()

    def _serve(self, stream):
        with stream, contextlib.suppress(OSError):
            stream.settimeout(LIMIT_S)
            while request := read_message(stream):
                if not self._answer(stream, request):
                    return

    def _answer(self, stream, request):
        line, _, rest = request.partition(b"\r\n")
        self.request_lines.append(line.decode())
        mode = self.mode
        if mode == "refuse":
            stream.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n"
                           b"Content-Length: 0\r\n\r\n")
            return True
        method, target, version = line.split(b" ")
        path = urllib.parse.urlsplit(target.decode()).path or "/"
        with socket.create_connection(self.upstream, LIMIT_S) as above:
            above.sendall(b" ".join([method, path.encode(), version]) + b"\r\n" + rest)
            answer = read_message(above)
        if mode == "pass":
            stream.sendall(answer)
            return True
        cut = answer.index(b"\r\n\r\n") + 4 + 10
        stream.sendall(answer[:cut])
        if mode == "reset":
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        deadline = time.monotonic() + LIMIT_S
        while self.mode == mode and time.monotonic() < deadline:
            if mode == "drip":
                stream.sendall(answer[cut:cut + 1])
                cut += 1
            time.sleep(0.05)  # the network that is played here is slow
        return False
