# SPDX-License-Identifier: MIT
"""A hostile request, what rollcall answers to it, and what NSD, Knot and BIND answer.

What is answered stands in the words of Response.words(), or is SILENCE or CLOSED. A peer that is
not named answers as rollcall does.
"""

import dataclasses

from .exchange import CLOSED, SILENCE
from .packets import IN, SOA, SRV, header, name, opt, question, record
from .rollcall import ZONE

PEERS = ("nsd", "knot", "bind")
FLAG_WORDS = ("aa", "tc", "rd", "ra", "z", "ad", "cd", "do")

WEB = f"_web._tcp.{ZONE}"
WEB_NAME = name(WEB)
BIG = name(f"_big._tcp.{ZONE}")
OURS = tuple(label.encode() for label in ZONE.split("."))
COOKIE = bytes(range(1, 9))
POINTER = b"\xc0\x0c"  # to the question's name

# Why we do not do what all three do.
WHAT_RUNS_HERE = "is nobody's business; NSID tells the name that the operator chose, RFC 5001"
SOME_MEMBERS = "are better than none: HAProxy does not come again over TCP, RFC 2181 section 9"
NO_QUESTION = "has more than 4,096 octets: who sends so many is not read and not answered"


@dataclasses.dataclass
class Case:
    """`rfc` says where our choice comes from. `because`: why we do not do what all three do."""

    name: str
    octets: bytes
    ours: str
    rfc: str
    nsd: str = ""
    knot: str = ""
    bind: str = ""
    tcp: bool = False
    because: str = ""

    def claim(self, who):
        return self.ours if who == "rollcall" else getattr(self, who) or self.ours


def query(owner=WEB_NAME, kind=SRV, of_class=IN, extra=b"", counts=None, **bits):
    """A question, and behind it `extra`: one record in the additional section, unless `counts`."""
    counts = counts or (1, 0, 0, 1 if extra else 0)
    return header(*counts, **bits) + question(owner, kind, of_class) + extra


def edns(*options, **fields):
    return query(extra=opt(b"".join(options), **fields))


def raw(octets):
    """A header that counts one question, and anything behind it."""
    return header(1) + octets


def soa_of_ixfr():
    return record(SOA, b"\0\0" + bytes(20), name(ZONE))


def aspects(told):
    """The single claims in what is told. Options are left out: which ones a server has is its own
    business."""
    if told in (SILENCE, CLOSED):
        return {"answers": told}
    words = told.split()
    found = {"answers": "yes", "rcode": words[0]} | {word: word in words for word in FLAG_WORDS}
    for aspect, start in (("question", "q"), ("answers' count", "an"), ("authorities' count", "ns"),
                          ("OPT", "opt"), ("TSIG", "tsig")):
        found[aspect] = next((word for word in words[1:] if word.startswith(start)), None)
    return found


def disagreements(ours, peers):
    """The aspects in which all `peers` are of one mind, and we are of another."""
    mine, theirs = aspects(ours), [aspects(told) for told in peers]
    return [aspect for aspect in mine | theirs[0]
            if all(aspect in each and each[aspect] == theirs[0][aspect] for each in theirs)
            and mine.get(aspect) != theirs[0][aspect]]
