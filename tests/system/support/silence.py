# SPDX-License-Identifier: MIT
"""No secret comes out of rollcall: acceptance group 33, looked after at the end of every server.

See tests/fakeaws/canary.py: every secret holds one word. `Rollcall` has its log, its command line,
its control socket, its state folder and the output of its verbs looked through.
"""

import http.client
import pathlib
import re
import socket

from fakeaws import canary

TARGETS = ["/metrics", "/v1/status", "/v1/events", "/ready", "/health"]
LIMIT_S = 20
LARGE_OCTETS = 64 << 20
# Those that a test sets by itself count too, when they are long enough to be no ordinary word.
SECRET_VARIABLES = ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
                    "AWS_CONTAINER_AUTHORIZATION_TOKEN"]
SECRET_OCTETS_MIN = 12


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("rollcall", timeout=LIMIT_S)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(LIMIT_S)
        self.sock.connect(self.path)


def get(path, target):
    """The whole answer of a control socket, or "" when there is nobody to give one."""
    connection = UnixConnection(path)
    try:
        connection.request("GET", target)
        response = connection.getresponse()
        return f"{response.headers}\n{response.read().decode(errors='replace')}"
    except (OSError, http.client.HTTPException):
        return ""
    finally:
        connection.close()


def command_line(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except OSError:
        return ""


def configured_path(server, key):
    """The path that the server's configuration has for `key`, or None."""
    found = re.search(rf'^\s*{key}\s*=\s*"([^"]*)"', server.config_path.read_text(), re.MULTILINE)
    return server.folder / found[1] if found else None


def testimony(server):
    """{where: text} of a server that runs."""
    said = {"the command line": command_line(server.process.pid)}
    control = configured_path(server, "control")
    if control and control.exists():
        for target in TARGETS:
            said[target] = get(control, target)
    return said


def remains(server):
    """{where: text} of one that has ended: its log and its state."""
    said = {"the log": server.log()}
    state = configured_path(server, "state-dir")
    if state and state.is_dir():
        for path in state.rglob("*"):
            if path.is_file() and path.stat().st_size < LARGE_OCTETS:
                said[f"the state file {path.name}"] = path.read_text(errors="replace")
    return said


def known_secrets(environment):
    return [value for name in SECRET_VARIABLES
            if len(value := environment.get(name, "")) >= SECRET_OCTETS_MIN]


def expect_silence(said, environment):
    """AssertionError, without the secret, when one is told anywhere in {where: text}."""
    known = known_secrets(environment)
    for where, text in said.items():
        found = canary.find(text) + ["verbatim" for secret in known if secret in text]
        if found:
            lines = [canary.censor(line) for line in text.splitlines() if canary.find(line)]
            raise AssertionError(f"a secret stands in {where} ({', '.join(found)}): "
                                 f"{lines[0][:200] if lines else ''}")
