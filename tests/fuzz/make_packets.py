#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Write the hand-made DNS packets that fuzzing starts from, one file each, into a folder.

    tests/fuzz/make_packets.py tests/fuzz/corpus/respond
"""

import pathlib
import struct
import sys

SRV, A, AAAA, TXT, SOA, NS, ANY, OPT, TSIG, IXFR, AXFR = 33, 1, 28, 16, 6, 2, 255, 41, 250, 251, 252
IN, CHAOS, CLASS_ANY = 1, 3, 255
WEB = "_web._tcp.sd.example.com"


def name(text):
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".") if label) + b"\0"


def header(counts=(1, 0, 0, 0), flags=0x0100):
    return struct.pack(">HHHHHH", 0x1234, flags, *counts)


def question(owner=WEB, kind=SRV, of_class=IN):
    wire = owner if isinstance(owner, bytes) else name(owner)
    return wire + struct.pack(">HH", kind, of_class)


def opt(size=8192, options=b"", version=0, flags=0, owner=b"\0"):
    return owner + struct.pack(">HHBBHH", OPT, size, 0, version, flags, len(options)) + options


def option(code, value=b""):
    return struct.pack(">HH", code, len(value)) + value


def query(owner=WEB, kind=SRV, of_class=IN, flags=0x0100, extra=b"", counts=None):
    counts = counts or (1, 0, 0, 1 if extra else 0)
    return header(counts, flags) + question(owner, kind, of_class) + extra


def record(kind, rdata=b"", owner=b"\0", of_class=IN):
    return owner + struct.pack(">HHIH", kind, of_class, 0, len(rdata)) + rdata


def tsig():
    rdata = name("hmac-sha256") + bytes(6) + struct.pack(">HH", 300, 32) + bytes(32) + bytes(6)
    return record(TSIG, rdata, name("xfr"), CLASS_ANY)


LONGEST = name(".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61]))
COOKIE = bytes(range(8))

PACKETS = {
    "srv-plain": query(),
    "srv-haproxy": query(extra=opt(8192)),
    "srv-size-512": query(extra=opt(512)),
    "srv-size-0": query(extra=opt(0)),
    "srv-size-65535": query("_six._tcp.sd.example.com", extra=opt(65535)),
    "srv-0x20": query("_WeB._tCp.Sd.ExAmPlE.cOm", extra=opt()),
    "plain-a": query("web.sd.example.com", A),
    "plain-aaaa": query("six.sd.example.com", AAAA, extra=opt(1232)),
    "target-a": query("ip-10-0-0-1.sd.example.com", A),
    "target-txt": query("ip-10-0-0-1.sd.example.com", TXT, extra=opt()),
    "target-nodata": query("ip-10-0-0-1.sd.example.com", AAAA, extra=opt()),
    "apex-soa": query("sd.example.com", SOA),
    "apex-ns": query("sd.example.com", NS, extra=opt()),
    "any": query("sd.example.com", ANY),
    "static-txt": query("note.sd.example.com", TXT),
    "static-cname": query("here.sd.example.com", A, extra=opt()),
    "static-cname-out": query("far.sd.example.com", A),
    "empty-non-terminal": query("c.d.sd.example.com", A),
    "nxdomain": query("nobody.sd.example.com", A, extra=opt()),
    "loading": query("_web._tcp.loading.example", SRV, extra=opt()),
    "out-of-zone": query("www.example.org", A, extra=opt()),
    "root": query("", NS),
    "chaos": query("version.bind", TXT, CHAOS),
    "class-any": query(of_class=CLASS_ANY),
    "type-65280": query("old.sd.example.com", 65280),
    "axfr": query("sd.example.com", AXFR),
    "ixfr": query("sd.example.com", IXFR, counts=(1, 0, 1, 0),
                  extra=record(SOA, name("a") + name("b") + bytes(20), name("sd.example.com"))),
    "ixfr-opt": query("sd.example.com", IXFR, counts=(1, 0, 1, 1),
                      extra=record(SOA, bytes(22), b"\xc0\x0c") + opt()),
    "ixfr-tsig": query("sd.example.com", IXFR, counts=(1, 0, 1, 1),
                       extra=record(SOA, bytes(22), name("a")[:2] + b"\xc0\x0c") + tsig()),
    "axfr-elsewhere": query("example.org", AXFR),
    "notify": query("sd.example.com", SOA, flags=0x2400),
    "update": query("sd.example.com", SOA, flags=0x2800),
    "response": query(flags=0x8400),
    "header-only": header((0, 0, 0, 0)),
    "header-cookie": header((0, 0, 0, 1)) + opt(options=option(10, COOKIE)),
    "name-longest": query(LONGEST, A),
    "name-too-long": query(name(".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 62])), A),
    "name-label-64": query(b"\x40" + b"a" * 64 + b"\0", A),
    "name-pointer-self": query(b"\xc0\x0c", A),
    "name-labels-127": query(b"\x01a" * 126 + b"\0", A),
    "counts-absent": query(counts=(1, 1, 65535, 65535)),
    "two-questions": header((2, 0, 0, 0)) + question() + question(),
    "trailing-junk": query() + b"junk",
    "opt-two": query(extra=opt() + opt(), counts=(1, 0, 0, 2)),
    "opt-in-answer": query(extra=opt(), counts=(1, 1, 0, 0)),
    "opt-owner": query(extra=opt(owner=name("a"))),
    "opt-version-1": query(extra=opt(version=1)),
    "opt-flags": query(extra=opt(flags=0xffff)),
    "opt-nsid-cookie-keepalive": query(
        extra=opt(options=option(3) + option(10, COOKIE) + option(11))),
    "opt-cookie-server": query(extra=opt(options=option(10, COOKIE + b"\1" + bytes(15)))),
    "opt-cookie-7": query(extra=opt(options=option(10, COOKIE[:7]))),
    "opt-cookie-41": query(extra=opt(options=option(10, bytes(41)))),
    "opt-ecs-padding": query(
        extra=opt(options=option(8, b"\0\1\x18\0\x0a\0\0") + option(12, bytes(32)))),
    "opt-option-overrun": query(extra=opt(options=struct.pack(">HH", 3, 9) + b"ab")),
    "opt-option-cut": query(extra=opt(options=b"\0\3\0")),
    "tsig": query(extra=tsig()),
    "tsig-two": query(extra=tsig() + tsig(), counts=(1, 0, 0, 2)),
    "tsig-before-opt": query(extra=tsig() + opt(), counts=(1, 0, 0, 2)),
    "opt-then-tsig": query(extra=opt() + tsig(), counts=(1, 0, 0, 2)),
}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for label, packet in PACKETS.items():
        (folder / label).write_bytes(packet)


if __name__ == "__main__":
    main()
