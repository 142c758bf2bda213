# SPDX-License-Identifier: MIT
"""How most services refuse a signature; EC2 alone has codes of its own."""

from .sigv4 import Reason

MISMATCH = ("SignatureDoesNotMatch", "The request signature we calculated does not match the "
            "signature you provided. Check your AWS Secret Access Key and signing method. Consult "
            "the service documentation for details.", 403)
UNKNOWN_KEY = ("InvalidClientTokenId", "The security token included in the request is invalid.",
               403)


def signature_errors(service, malformed_status=400):
    """Reason -> (code, message, HTTP status)"""
    return {
        Reason.MISSING: ("MissingAuthenticationToken", "Request is missing Authentication Token",
                         403),
        Reason.MALFORMED: ("IncompleteSignature",
                           "The request signature does not conform to AWS standards",
                           malformed_status),
        Reason.SKEWED: ("SignatureDoesNotMatch", "Signature expired", 403),
        Reason.CREDENTIALS_EXPIRED: ("ExpiredToken",
                                     "The security token included in the request is expired", 403),
        Reason.WRONG_REGION: ("SignatureDoesNotMatch",
                              "Credential should be scoped to a valid region.", 403),
        Reason.WRONG_SERVICE: ("SignatureDoesNotMatch", "Credential should be scoped to correct "
                                                        f"service: '{service}'.", 403),
        Reason.UNKNOWN_KEY: UNKNOWN_KEY,
        Reason.WRONG_TOKEN: UNKNOWN_KEY,
        Reason.UNSIGNED_HEADER: MISMATCH,
        Reason.MISMATCH: MISMATCH,
    }
