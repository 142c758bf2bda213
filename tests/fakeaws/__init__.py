# SPDX-License-Identifier: MIT
"""A stand-in for AWS on the loopback, for tests and the demo. README.md tells how to use it."""
