# SPDX-License-Identifier: MIT
"""The roles that can be assumed, and the web identities that a provider has vouched for."""

import re
from dataclasses import dataclass

ARN = re.compile(r"arn:aws:iam::(?P<account>\d{12}):role/(?P<path>(?:[!-~]+/)?)"
                 r"(?P<name>[\w+=,.@-]{1,64})")
DURATION_DEFAULT_S = 3600


@dataclass
class Role:
    arn: str
    external_id: str | None = None      # None: none is asked for
    trusted: list | None = None         # accounts that may assume it; None: any
    max_duration_s: int = DURATION_DEFAULT_S
    lifetime_s: float | None = None     # how long its keys live whatever was asked; None: as asked

    def __post_init__(self):
        if not ARN.fullmatch(self.arn):
            raise ValueError(f"{self.arn!r} is not the ARN of a role")

    @property
    def account(self):
        return ARN.fullmatch(self.arn)["account"]

    @property
    def name(self):
        return ARN.fullmatch(self.arn)["name"]


@dataclass
class WebIdentity:
    token: str
    role: str | None = None  # the ARN of the only role that trusts it; None: all do
    subject: str = "system:serviceaccount:default:rollcall"
    expired: bool = False


class Roles:
    def __init__(self):
        self._roles = {}
        self._identities = {}

    def add(self, role):
        self._roles[role.arn] = role

    def find(self, arn):
        return self._roles.get(arn)

    def add_identity(self, identity):
        self._identities[identity.token] = identity

    def find_identity(self, token):
        return self._identities.get(token)
