# SPDX-License-Identifier: MIT
"""Strict check of AWS Signature Version 4 in the Authorization header.

Everything is recomputed from the request as received. Stricter than AWS itself in one respect:
what the specification says must be signed (host, content-type, every x-amz-*) is insisted on.
Source: "Create a signed AWS API request", IAM User Guide.
"""

import calendar
import enum
import hashlib
import hmac
import re
import time
import urllib.parse

MAX_SKEW_S = 15 * 60
ALGORITHM = "AWS4-HMAC-SHA256"
UNRESERVED = "-_.~"
AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 "
    r"Credential=(?P<key>[A-Za-z0-9]+)/(?P<date>\d{8})/(?P<region>[a-z0-9-]+)/"
    r"(?P<service>[a-z0-9-]+)/aws4_request, ?"
    r"SignedHeaders=(?P<headers>[a-z0-9;_-]+), ?"
    r"Signature=(?P<signature>[0-9a-f]{64})")


class Reason(enum.Enum):
    """Why a request was refused; each service has its own error code for it."""

    MISSING = "no Authorization header"
    MALFORMED = "the Authorization header or the date is malformed"
    UNKNOWN_KEY = "the access key is unknown"
    WRONG_REGION = "the scope names another region"
    WRONG_SERVICE = "the scope names another service"
    SKEWED = "the date is too far from now"
    UNSIGNED_HEADER = "a header that must be signed is not"
    MISMATCH = "the signature differs"
    WRONG_TOKEN = "the security token is missing or wrong"
    CREDENTIALS_EXPIRED = "the credentials have expired"


class SignatureRefused(Exception):
    def __init__(self, reason, detail=""):
        super().__init__(f"{reason.value}{': ' if detail else ''}{detail}")
        self.reason = reason


def verify(request, credentials, now_s, regions, service):
    """The credential that has signed `request`, and the region of its scope, which must be one of
    `regions`; or raise SignatureRefused."""
    value = single_header(request, "authorization", Reason.MISSING)
    match = AUTHORIZATION.fullmatch(value)
    if match is None:
        raise SignatureRefused(Reason.MALFORMED, value.partition(" ")[0])
    date = single_header(request, "x-amz-date", Reason.MALFORMED)
    check_date(date, match["date"], now_s)
    if match["region"] not in regions:
        raise SignatureRefused(Reason.WRONG_REGION, match["region"])
    if match["service"] != service:
        raise SignatureRefused(Reason.WRONG_SERVICE, match["service"])
    credential = credentials.find(match["key"])
    if credential is None:
        raise SignatureRefused(Reason.UNKNOWN_KEY, match["key"])
    signed = match["headers"].split(";")
    check_signed_headers(request, signed)

    scope = f"{match['date']}/{match['region']}/{service}/aws4_request"
    expected = signature(request, signed, date, scope, credential.secret_key)
    if not hmac.compare_digest(expected, match["signature"]):
        raise SignatureRefused(Reason.MISMATCH)
    check_token(request, credential, now_s)
    return credential, match["region"]


def scope_region(request):
    """The region that an Authorization header claims; None when it names none."""
    match = AUTHORIZATION.fullmatch((request.header("authorization") or "").strip())
    return match and match["region"]


def single_header(request, name, missing):
    values = [value for key, value in request.headers if key.lower() == name]
    if not values:
        raise SignatureRefused(missing, f"no {name}")
    if len(values) > 1:
        raise SignatureRefused(Reason.MALFORMED, f"{name} is there {len(values)} times")
    return values[0].strip()


def check_date(date, scope_date, now_s):
    if not re.fullmatch(r"\d{8}T\d{6}Z", date) or not date.startswith(scope_date):
        raise SignatureRefused(Reason.MALFORMED, f"date {date}, scope {scope_date}")
    try:
        signed_s = calendar.timegm(time.strptime(date, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        raise SignatureRefused(Reason.MALFORMED, f"date {date}") from None
    if abs(now_s - signed_s) > MAX_SKEW_S:
        raise SignatureRefused(Reason.SKEWED, f"{signed_s - now_s:+.0f} s")


def check_signed_headers(request, signed):
    if signed != sorted(set(signed)):
        raise SignatureRefused(Reason.MALFORMED, "SignedHeaders is not sorted")
    present = {name.lower() for name, _ in request.headers}
    for name in signed:
        if name not in present:
            raise SignatureRefused(Reason.MALFORMED, f"{name} is signed but not sent")
    for name in present | {"host"}:
        must = name in ("host", "content-type") or name.startswith("x-amz-")
        if must and name not in signed:
            raise SignatureRefused(Reason.UNSIGNED_HEADER, name)


def check_token(request, credential, now_s):
    token = request.header("x-amz-security-token")
    if token != credential.session_token:
        raise SignatureRefused(Reason.WRONG_TOKEN)
    if credential.expires_s is not None and now_s >= credential.expires_s:
        raise SignatureRefused(Reason.CREDENTIALS_EXPIRED)


def signature(request, signed, date, scope, secret_key):
    digest = hashlib.sha256(canonical_request(request, signed)).hexdigest()
    text = "\n".join([ALGORITHM, date, scope, digest]).encode()
    key = b"AWS4" + secret_key.encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text, hashlib.sha256).hexdigest()


def canonical_request(request, signed):
    payload = hashlib.sha256(request.body).hexdigest()
    declared = request.header("x-amz-content-sha256")
    if declared is not None and declared != payload:
        raise SignatureRefused(Reason.MISMATCH, "x-amz-content-sha256 is not that of the body")
    lines = [request.method, canonical_path(request.path), canonical_query(request.query)]
    lines += [f"{name}:{canonical_value(request, name)}" for name in signed]
    lines += ["", ";".join(signed), payload]
    return "\n".join(lines).encode("latin-1")


def canonical_value(request, name):
    values = [value for key, value in request.headers if key.lower() == name]
    return ",".join(" ".join(value.split()) for value in values)


def canonical_path(path):
    """Remove dot segments and doubled slashes, then encode what is already encoded once more."""
    segments = []
    for segment in path.split("/"):
        if segment == "..":
            del segments[-1:]
        elif segment not in ("", "."):
            segments.append(urllib.parse.quote(segment, safe=UNRESERVED))
    tail = "/" if segments and path.endswith("/") else ""
    return "/" + "/".join(segments) + tail


def canonical_query(query):
    pairs = []
    for piece in query.split("&") if query else []:
        name, _, value = piece.partition("=")
        pairs.append(tuple(urllib.parse.quote(urllib.parse.unquote_to_bytes(part), safe=UNRESERVED)
                           for part in (name, value)))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))
