# SPDX-License-Identifier: MIT
"""One request to a server on 127.0.0.1, and what comes back: octets, silence, or the end."""

import contextlib
import select
import socket
import struct
import time

from .packets import SOA, Response, question

ANSWER_LIMIT_S = 20
AFTERWARDS_S = 0.05  # for what overtakes: the answers of one socket come in order
WITNESS_ID = 0x5e17
SILENCE = "silence"
CLOSED = "closed"


class Dead(AssertionError):
    """A server that does not answer a question which it must answer."""


def witness(zone):
    """A question that every server answers, with an id of its own."""
    return struct.pack(">6H", WITNESS_ID, 0, 1, 0, 0, 0) + question(zone, SOA)


def udp_exchange(port, request, zone):
    """The datagrams that answer `request`. A valid question follows it on the same way: when that
    is answered, the request has been dealt with."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", port))
        client.send(request)
        client.send(witness(zone))
        deadline = time.monotonic() + ANSWER_LIMIT_S
        is_alive = False
        while select.select([client], [], [], max(0, deadline - time.monotonic()))[0]:
            octets = client.recv(65535)
            if octets[:2] == struct.pack(">H", WITNESS_ID):
                is_alive = True
                deadline = time.monotonic() + (0 if found else AFTERWARDS_S)
            else:
                found.append(octets)
    if not is_alive:
        raise Dead(f"the server on port {port} does not answer any more")
    return found


def receive(client, count):
    octets = b""
    while len(octets) < count:
        part = client.recv(count - len(octets))
        if not part:
            return None
        octets += part
    return octets


def tcp_message(client):
    """One whole message, or None at the end of the connection."""
    length = receive(client, 2)
    return length and receive(client, struct.unpack(">H", length)[0])


def tcp_exchange(port, request, zone):
    """Like udp_exchange(); None: the server has closed the connection."""
    found = []
    with socket.create_connection(("127.0.0.1", port), ANSWER_LIMIT_S) as client:
        with contextlib.suppress(BrokenPipeError):
            client.sendall(b"".join(struct.pack(">H", len(message)) + message
                                    for message in (request, witness(zone))))
        while True:
            try:
                octets = tcp_message(client)
            except ConnectionResetError:
                octets = None
            except TimeoutError:
                raise Dead(f"the server on port {port} neither answers nor closes") from None
            if octets is None:
                return found or None
            if octets[:2] == struct.pack(">H", WITNESS_ID):
                return found
            found.append(octets)


def exchange(port, request, zone, tcp=False):
    """A Response, SILENCE or CLOSED."""
    found = (tcp_exchange if tcp else udp_exchange)(port, request, zone)
    if found is None:
        return CLOSED
    assert len(found) <= 1, f"{len(found)} answers to one request"
    return Response(found[0], request) if found else SILENCE


def told(seen):
    """The same in words."""
    return seen if isinstance(seen, str) else seen.words()
