# SPDX-License-Identifier: MIT
"""Page tokens: opaque, bound to the query that made them, and full of what clients mis-encode."""

import base64
import collections
import secrets
from dataclasses import dataclass

TOKENS_MAX = 10_000  # the oldest fall out, as tokens of AWS go stale


@dataclass(frozen=True)
class Page:
    query: object  # whatever must be equal for the token to be good
    after: int     # sequence number of the last instance already listed
    number: int    # of the page that this token asks for, from 1


class Pages:
    def __init__(self):
        self._pages = collections.OrderedDict()

    def token(self, page):
        """A new token for `page`."""
        token = opaque_token()
        self._pages[token] = page
        if len(self._pages) > TOKENS_MAX:
            self._pages.popitem(last=False)
        return token

    def find(self, token):
        return self._pages.get(token)


def opaque_token():
    """Base64 with each of + / = in it: a client that forgets to encode one fails at once."""
    while True:
        token = base64.b64encode(secrets.token_bytes(121)).decode()
        if "+" in token and "/" in token:
            return token
