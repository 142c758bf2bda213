# SPDX-License-Identifier: MIT
"""The pytest fixture; a conftest.py imports it by name."""

import pytest

from . import canary
from .client import start


@pytest.fixture
def fakeaws():
    """A fake AWS with no instances, for one test."""
    with start(state_walk_ms=100, secret_key=canary.secret("SecretKey")) as running:
        yield running
