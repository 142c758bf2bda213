# SPDX-License-Identifier: MIT
"""The fleets that are measured, in the words of every server: fleet files, zone files, names.

All targets are 26 octets on the wire (i-0000001.sX.example.com) and every owner is 28
(_c0001._tcp.sX.example.com), so that an answer of N members has 55 + 60 * N octets, and more only
where glue lies too far behind to be compressed in two octets.
"""

import json
import pathlib

TTL_SECONDS = 60
PORT = 8443
WEIGHT = 256


class DataSet:
    """`cluster_count` clusters of `member_count` members each, in one zone."""

    def __init__(self, label, zone, cluster_count, member_count):
        self.label = label
        self.zone = zone
        self.cluster_count = cluster_count
        self.member_count = member_count

    @property
    def members(self):
        return self.cluster_count * self.member_count

    def cluster_names(self):
        return [f"c{number:04}" for number in range(self.cluster_count)]

    def owner(self, cluster_number):
        return f"_c{cluster_number:04}._tcp.{self.zone}."

    def numbers(self, cluster_number):
        first = cluster_number * self.member_count
        return range(first, first + self.member_count)

    def address(self, number):
        return f"10.{number // 62500}.{number // 250 % 250}.{number % 250 + 1}"

    def target(self, number):
        return f"i-{number:07}.{self.zone}."

    def fleet_text(self, weight=WEIGHT):
        """The file that rollcall's file source reads."""
        groups = [{"name": name,
                   "members": [{"id": f"i-{number:07}", "address": self.address(number),
                                "port": PORT, "weight": weight}
                               for number in self.numbers(cluster_number)]}
                  for cluster_number, name in enumerate(self.cluster_names())]
        return json.dumps({"groups": groups}, separators=(",", ":"))

    def zone_text(self):
        """The zone file that the peers read; record for record what rollcall makes."""
        lines = [f"$ORIGIN {self.zone}.", f"$TTL {TTL_SECONDS}",
                 f"@ SOA ns1.{self.zone}. hostmaster.{self.zone}. 1 3600 600 86400 2",
                 "@ NS ns1", "ns1 A 127.0.0.1"]
        for cluster_number in range(self.cluster_count):
            for number in self.numbers(cluster_number):
                target = self.target(number)
                lines.append(f"{self.owner(cluster_number)} SRV 0 {WEIGHT} {PORT} {target}")
                lines.append(f"{target} A {self.address(number)}")
        return "\n".join(lines) + "\n"

    def write_names(self, folder):
        """The load generator's list of names; returns its path."""
        path = pathlib.Path(folder) / f"{self.label}.names"
        path.write_text("".join(f"{self.owner(number)}\n"
                                for number in range(self.cluster_count)))
        return path


# Those of the goals, by size of the answer; H is for updates and memory.
SIZES = {
    "S": DataSet("S", "ss.example.com", 100, 3),
    "M": DataSet("M", "sm.example.com", 100, 50),
    "L": DataSet("L", "sl.example.com", 20, 110),
    "XL": DataSet("XL", "sx.example.com", 4, 800),
}
HUGE = DataSet("H", "sh.example.com", 1000, 100)

# For what a member and a cluster cost: ten clusters of 3 and 100 members, XL's of 800, ...
GROWTH = {
    3: DataSet("members-3", "sf.example.com", 10, 3),
    100: DataSet("members-100", "sc.example.com", 10, 100),
    800: DataSet("members-800", "se.example.com", 10, 800),
}


def many_clusters(clusters_each):
    """... and ten zones (one holds 1,024 clusters at most) of as many clusters of 3."""
    return [DataSet(f"clusters-{letter}-{clusters_each}", f"s{letter}.example.com", clusters_each, 3)
            for letter in "nopqrtuvwy"]
