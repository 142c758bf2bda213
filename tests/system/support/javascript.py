# SPDX-License-Identifier: MIT
"""The AWS SDK for JavaScript, driven from Python: see tests/system/js."""

import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import queue
import shutil
import subprocess
import threading

TOP = pathlib.Path(__file__).resolve().parents[3]
SOURCES = TOP / "tests/system/js"
INSTALLED = TOP / "build/js"
INSTALL_TIMEOUT_S = 300
CALL_TIMEOUT_S = 40  # the longest poll and time to start in


def install():
    """`npm ci` into the build folder, unless it has been done for this lock file; one process at a
    time. The folder with the packages and the script."""
    INSTALLED.mkdir(parents=True, exist_ok=True)
    with open(INSTALLED / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = hashlib.sha256((SOURCES / "package-lock.json").read_bytes()).hexdigest()
        stamp = INSTALLED / "node_modules/.complete"  # npm ci begins with removing the folder
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(SOURCES / name, INSTALLED / name)
        # Renamed into place: another process may just be reading the old one.
        shutil.copy(SOURCES / "sdk.mjs", INSTALLED / "sdk.mjs.new")
        (INSTALLED / "sdk.mjs.new").replace(INSTALLED / "sdk.mjs")
        if not stamp.exists() or stamp.read_text("ascii") != wanted:
            npm_ci()
            stamp.write_text(wanted, "ascii")
    return INSTALLED


def npm_ci():
    if not shutil.which("npm"):
        raise RuntimeError("npm is missing: ./test.sh installs it (docker/packages/test.txt)")
    done = subprocess.run(["npm", "ci", "--ignore-scripts"], cwd=INSTALLED, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          timeout=INSTALL_TIMEOUT_S)
    if done.returncode:
        raise RuntimeError(f"npm ci ended with {done.returncode}:\n{done.stdout}")


class SdkError(Exception):
    """What the SDK threw: name, message, fault, status, queryCode, type."""

    def __init__(self, error):
        super().__init__(f"{error['name']}: {error['message']}")
        self.error = error


class JavaScriptSdk:
    """One process for many calls, which may run side by side."""

    def __init__(self, folder):
        environment = {key: value for key, value in os.environ.items()
                       if not key.startswith("AWS_") and not key.lower().endswith("_proxy")}
        self._process = subprocess.Popen(
            ["node", "sdk.mjs"], cwd=folder, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, env={**environment, "AWS_EC2_METADATA_DISABLED": "true"})
        self._answers = {}
        self._numbers = 0
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._process.stdout:
            answer = json.loads(line)
            self._answers[answer["id"]].put(answer)
        for each in list(self._answers.values()):  # it has ended: let nobody wait for it
            each.put({"error": {"name": "ended", "message": "node has ended"}})

    def close(self):
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._process.terminate()
        self._process.wait(10)
        self._process.stdout.close()

    def begin(self, client, command, arguments=None, options=None, paginate=None):
        """A function that waits for the output of a call that is under way from now on."""
        self._numbers += 1
        answer = self._answers[self._numbers] = queue.Queue()
        self._process.stdin.write(json.dumps({
            "id": self._numbers, "client": client, "command": command, "input": arguments or {},
            "options": options or {}, "paginate": paginate}) + "\n")
        self._process.stdin.flush()

        def finish():
            found = answer.get(timeout=CALL_TIMEOUT_S)
            if "error" in found:
                raise SdkError(found["error"])
            return found["output"]
        return finish


class JavaScriptClient:
    """One service of one fake AWS: `client("SendMessage", QueueUrl=...)`."""

    def __init__(self, sdk, fakeaws, service, **overrides):
        self._sdk = sdk
        self._service = service
        keys = {"accessKeyId": fakeaws.access_key, "secretAccessKey": fakeaws.secret_key}
        self._options = {"endpoint": fakeaws.endpoint, "region": fakeaws.region, "maxAttempts": 1,
                         "credentials": keys, **overrides}

    def __call__(self, command, **arguments):
        return self.begin(command, **arguments)()

    def begin(self, command, **arguments):
        return self._sdk.begin(self._service, command, arguments, self._options)

    def pages(self, command, page_size, **arguments):
        return self._sdk.begin(self._service, command, arguments, self._options, page_size)()
