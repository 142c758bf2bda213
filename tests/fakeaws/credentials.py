# SPDX-License-Identifier: MIT
"""The access keys that the fake AWS knows: one lasting, and the temporary ones it has issued."""

import base64
import secrets
import string
from dataclasses import dataclass

TEMPORARY_PREFIX = "ASIA"


@dataclass(frozen=True)
class Credential:
    access_key: str
    secret_key: str
    session_token: str | None = None  # None: a lasting key
    expires_s: float | None = None


class Credentials:
    def __init__(self, access_key, secret_key):
        self._lasting = Credential(access_key, secret_key)
        self.reset()

    def reset(self):
        """Forget every temporary key."""
        self._known = {self._lasting.access_key: self._lasting}

    def find(self, access_key):
        return self._known.get(access_key)

    def issue(self, expires_s):
        """A new temporary key; it stays known after its end, so that use of it can be told."""
        letters = string.ascii_uppercase + string.digits
        credential = Credential(
            TEMPORARY_PREFIX + "".join(secrets.choice(letters) for _ in range(16)),
            base64.b64encode(secrets.token_bytes(30)).decode(),
            base64.b64encode(secrets.token_bytes(250)).decode(),
            expires_s)
        self._known[credential.access_key] = credential
        return credential
