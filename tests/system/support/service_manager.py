# SPDX-License-Identifier: MIT
"""Systemd's end of sd_notify(3): a server says by itself when it serves and its verbs reach it, and
whatever its start had to log is logged by then."""

import os
import socket
import tempfile


class ServiceManager:
    """One start of one server: give it environment(), ask is_ready() until it is, close()."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="rollcall-notify-")
        self.path = os.path.join(self.folder.name, "notify.sock")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.bind(self.path)
        os.chmod(self.folder.name, 0o755)  # a server that gives up root's rights reaches it as well
        os.chmod(self.path, 0o777)
        self.said_ready = False

    def environment(self):
        return {"NOTIFY_SOCKET": self.path}

    def is_ready(self):
        """Closes at the first yes: each message that nobody reads would hold the server up, once ten
        wait (net.unix.max_dgram_qlen)."""
        while not self.said_ready:
            try:
                self.said_ready = self.socket.recv(4096) == b"READY=1"
            except BlockingIOError:
                return False
        self.close()
        return True

    def close(self):
        self.socket.close()
        self.folder.cleanup()
