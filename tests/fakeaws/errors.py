# SPDX-License-Identifier: MIT
"""The one exception that becomes an AWS error answer."""


class AwsError(Exception):
    """An error with the code, message and HTTP status that AWS would give."""

    def __init__(self, code, message, status=400):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
