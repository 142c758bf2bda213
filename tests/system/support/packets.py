# SPDX-License-Identifier: MIT
"""DNS messages octet by octet: requests that no library would write, and what comes back."""

import struct

import dns.exception
import dns.name
import dns.rcode

A, NS, SOA, TXT, SRV, SIG, OPT, TSIG, IXFR, AXFR, ANY = 1, 2, 6, 16, 33, 24, 41, 250, 251, 252, 255
IN, CH, HS, NONE, ANY_CLASS = 1, 3, 4, 254, 255
QR, AA, TC, RD, RA, Z, AD, CD = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080, 0x0040, 0x0020, 0x0010
FLAGS = {"aa": AA, "tc": TC, "rd": RD, "ra": RA, "z": Z, "ad": AD, "cd": CD}
DO = 0x8000
ID = 0x1234
HEADER_LENGTH = 12


def labels(*parts):
    """A name of these labels, whatever octets they hold."""
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\0"


def name(text):
    return labels(*(label.encode() for label in text.split(".") if label))


def header(questions=0, answers=0, authorities=0, additionals=0, flags=0, opcode=0):
    return struct.pack(">6H", ID, flags | opcode << 11, questions, answers, authorities,
                       additionals)


def question(owner, kind=SRV, of_class=IN):
    return (owner if isinstance(owner, bytes) else name(owner)) + struct.pack(">HH", kind, of_class)


def record(kind, data=b"", owner=b"\0", of_class=IN, ttl=0):
    return owner + struct.pack(">HHIH", kind, of_class, ttl, len(data)) + data


def opt(options=b"", size=1232, version=0, flags=0, owner=b"\0", length=None, rcode=0):
    """OPT; `length` is what it says of its options, and they may be others."""
    return owner + struct.pack(">HHBBHH", OPT, size, rcode, version, flags,
                               len(options) if length is None else length) + options


def option(code, value=b"", length=None):
    return struct.pack(">HH", code, len(value) if length is None else length) + value


def tsig(algorithm="hmac-sha256", owner="nobody", mac=bytes(32), time_s=1_700_000_000, **options):
    data = name(algorithm) + struct.pack(">HIHH", 0, time_s, 300, len(mac)) + mac
    data += struct.pack(">HHH", ID, 0, 0)
    return record(TSIG, data, name(owner), **{"of_class": ANY_CLASS, **options})


class Malformed(Exception):
    """A response whose octets do not add up."""


class Response:
    """One response, every octet of it accounted for."""

    def __init__(self, octets, request):
        if len(octets) < HEADER_LENGTH:
            raise Malformed(f"{len(octets)} octets")
        self.octets = octets
        self.id, self.bits, questions, *counts = struct.unpack(">6H", octets[:HEADER_LENGTH])
        self.position = HEADER_LENGTH
        self.flags = [word for word, bit in FLAGS.items() if self.bits & bit]
        self.opcode = self.bits >> 11 & 15
        self.rcode = self.bits & 15
        if not self.bits & QR or octets[:2] != request[:2]:
            raise Malformed("no response to this request")
        for _ in range(questions):
            self._name()
            self._take(4)
        self.questions = questions
        self.question = octets[HEADER_LENGTH:self.position]
        self.echoes = questions > 0 and request[HEADER_LENGTH:self.position] == self.question
        self.opt = None  # (size, version, flags, {code: value})
        self.tsig_error = None
        self.sections = [[self._record() for _ in range(count)] for count in counts]
        if self.position != len(octets):
            raise Malformed(f"{len(octets) - self.position} octets too many")

    def _take(self, count):
        taken = self.octets[self.position:self.position + count]
        if len(taken) != count:
            raise Malformed("cut off")
        self.position += count
        return taken

    def _name(self):
        try:
            found, used = dns.name.from_wire(self.octets, self.position)
        except (dns.exception.DNSException, IndexError) as error:
            raise Malformed(f"a name: {error}") from error
        self.position += used
        return found

    def _record(self):
        """(owner, type, class, TTL, data)"""
        owner = self._name()
        kind, of_class, ttl, length = struct.unpack(">HHIH", self._take(10))
        data = self._take(length)
        if kind == OPT:
            if self.opt is not None or owner != dns.name.root:
                raise Malformed("OPT twice, or not at the root")
            self.rcode |= ttl >> 24 << 4
            self.opt = (of_class, ttl >> 16 & 255, ttl & 65535, self._options(data))
        elif kind == TSIG and len(data) >= 6:
            self.tsig_error = struct.unpack(">H", data[-4:-2])[0]
        return owner, kind, of_class, ttl, data

    @staticmethod
    def _options(data):
        found = {}
        while data:
            if len(data) < 4:
                raise Malformed("an option")
            code, length = struct.unpack(">HH", data[:4])
            if len(data) < 4 + length:
                raise Malformed("an option is cut off")
            found[code] = data[4:4 + length]
            data = data[4 + length:]
        return found

    def records(self, section, kind=None):
        return [entry for entry in self.sections[section]
                if kind is None and entry[1] not in (OPT, TSIG) or entry[1] == kind]

    def words(self):
        """As the tables say it: "NOERROR aa q an3 opt +10 do": q: the question came back verbatim;
        anN, nsN: records there; +N: an option of that code; tsigN: a TSIG with error N."""
        told = [dns.rcode.to_text(self.rcode), *self.flags]
        if self.questions > 0:
            told.append("q" if self.echoes and self.questions == 1 else f"q!{self.questions}")
        told += [f"{word}{len(self.records(section))}" for section, word in
                 enumerate(("an", "ns")) if self.records(section)]
        if self.opt is not None:
            told.append("opt" if self.opt[1] == 0 else f"opt-v{self.opt[1]}")
            told += [f"+{code}" for code in sorted(self.opt[3])]
            if self.opt[2]:
                told.append("do" if self.opt[2] == DO else f"optflags{self.opt[2]:x}")
        if self.tsig_error is not None:
            told.append(f"tsig{self.tsig_error}")
        return " ".join(told)
