# SPDX-License-Identifier: MIT
"""The access keys that the fake AWS knows: a lasting one for each account, and the temporary ones
it has issued."""

import base64
import hashlib
import secrets
import string
from dataclasses import dataclass

from . import canary

LASTING_PREFIX = "AKIA"
TEMPORARY_PREFIX = "ASIA"
TOKEN_OCTETS = 250  # of noise: tokens of AWS are as long


@dataclass(frozen=True)
class Credential:
    access_key: str
    secret_key: str
    account: str
    arn: str      # whose key it is
    user_id: str
    session_token: str | None = None  # None: a lasting key
    expires_s: float | None = None

    @property
    def is_of_role(self):
        return ":assumed-role/" in self.arn


class Credentials:
    def __init__(self, access_key, secret_key, account):
        self._first = user(access_key, secret_key, account)
        self.reset()

    def reset(self):
        """Forget every temporary key, and every account but the first."""
        self._known = {self._first.access_key: self._first}
        self._lasting = {self._first.account: self._first}

    def find(self, access_key):
        return self._known.get(access_key)

    def add_account(self, account):
        """The lasting key of an account."""
        if account not in self._lasting:
            made = user(LASTING_PREFIX + account, canary.secret("SecretKey"), account)
            self._lasting[account] = self._known[made.access_key] = made
        return self._lasting[account]

    def issue(self, expires_s, account=None, role="rollcall-role", session="i-00000000000000001"):
        """A new temporary key of a role's session; without `account`, of the first one. It stays
        known after its end, so that use of it can be told."""
        account = account or self._first.account
        access_key = TEMPORARY_PREFIX + "".join(
            secrets.choice(string.ascii_uppercase + string.digits) for _ in range(16))
        credential = Credential(
            access_key, canary.secret("SecretKey"), account,
            f"arn:aws:sts::{account}:assumed-role/{role}/{session}",
            f"{role_id(account, role)}:{session}",
            canary.secret("SessionToken", TOKEN_OCTETS), expires_s)
        self._known[access_key] = credential
        return credential


def user(access_key, secret_key, account):
    return Credential(access_key, secret_key, account, f"arn:aws:iam::{account}:user/fake",
                      "AIDAFAKEFAKEFAKEFAKE1")


def role_id(account, role):
    digest = hashlib.sha256(f"{account}/{role}".encode()).digest()
    return "AROA" + base64.b32encode(digest).decode()[:17]
