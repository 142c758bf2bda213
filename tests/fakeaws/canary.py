# SPDX-License-Identifier: MIT
"""Secrets that give themselves away: each holds one word, which must never be seen again.

Every secret that the fake AWS hands out, or that a test gives to a program, is made here. So
whoever reads an output finds a leak without knowing a single secret, in any of the encodings that a
secret is likely to be written in.
"""

import base64
import binascii
import secrets

MARKER = "CanaryMustNotSing"
ALIGNMENTS = 3  # a word begins at one of three places in the groups of base64


def secret(kind="", octets=18):
    """A new one, with the characters that base64, URLs and XML treat differently."""
    noise = base64.b64encode(b"\xfb\xef\xbe" + secrets.token_bytes(octets)).decode()
    return f"{MARKER}{kind}+/{noise}"


def word(kind="", octets=18):
    """The same for where only letters, digits, '-' and '_' will do."""
    return f"{MARKER}{kind}-{secrets.token_urlsafe(octets)}"


def base64_cores(text):
    """What base64 makes of `text` wherever it stands, without the ends that its neighbours touch."""
    octets = text.encode()
    for offset in range(ALIGNMENTS):
        whole = base64.b64encode(b"\0" * offset + octets).decode().rstrip("=")
        first = -(-offset * 8 // 6)
        yield whole[first:(offset + len(octets)) * 8 // 6]


# encoding -> how the marker looks in it, in lower case; and the same of base64, where case counts
FORMS = {"plain": MARKER.lower(), "hexadecimal": binascii.hexlify(MARKER.encode()).decode(),
         "percent": "".join(f"%{octet:02x}" for octet in MARKER.encode())}
CORES = list(base64_cores(MARKER))


def find(text):
    """The encodings in which a secret stands in `text`."""
    folded = text.lower()
    found = [name for name, form in FORMS.items() if form in folded]
    if any(core in text for core in CORES):
        found.append("base64")
    return found


def censor(line):
    """`line` for the eyes of whoever reads a test's output: of words that tell, the key alone."""
    return " ".join(word.partition("=")[0][:20] + "..." if find(word) else word
                    for word in line.split())
