# SPDX-License-Identifier: MIT
"""Two SVG drawings of the figures, without any library: throughput by size, cost by members."""

import html
import math

from measure import spread

WIDTH, HEIGHT = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 130, 50, 60
COLOURS = {"raw": "#8a8a8a", "rollcall": "#c2255c", "nsd": "#1c7ed6", "knot": "#2f9e44",
           "pdns": "#e8590c", "named": "#7048e8"}
TICK_COUNT = 6


class Axis:
    """From values to places: linear, or logarithmic where values go over decades."""

    def __init__(self, values, begin, end, is_logarithmic):
        self.is_logarithmic = is_logarithmic
        self.begin, self.end = begin, end
        self.low = min(values) / 1.2 if is_logarithmic else 0.0
        self.high = max(values) * (1.2 if is_logarithmic else 1.08)

    def scale(self, value):
        return math.log10(value) if self.is_logarithmic else value

    def place(self, value):
        low, high = self.scale(self.low), self.scale(self.high)
        return self.begin + (self.scale(value) - low) / (high - low) * (self.end - self.begin)

    def ticks(self):
        if self.is_logarithmic:
            first = math.floor(math.log10(self.low))
            last = math.ceil(math.log10(self.high))
            candidates = [step * 10.0 ** power for power in range(first, last + 1)
                          for step in (1, 2, 5)]
            return [value for value in candidates if self.low <= value <= self.high]
        rough = self.high / TICK_COUNT
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
        return [step * number for number in range(int(self.high / step) + 1)]


def text(x, y, content, anchor="middle", size=12, colour="#333", turn=""):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
            f'fill="{colour}"{turn}>{html.escape(content)}</text>')


def frame(title, x_label, y_label, x_axis, y_axis):
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
             'font-family="sans-serif" role="img">',
             f"<title>{html.escape(title)}</title>",
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
             text(LEFT, 26, title, "start", 15),
             text((LEFT + right) / 2, HEIGHT - 16, x_label),
             text(18, (TOP + bottom) / 2, y_label,
                  turn=f' transform="rotate(-90 18 {(TOP + bottom) / 2:.1f})"')]
    for value in y_axis.ticks():
        y = y_axis.place(value)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{right}" stroke="#e3e3e3"/>')
        parts.append(text(LEFT - 8, y + 4, f"{value:g}", "end"))
    for value in x_axis.ticks():
        x = x_axis.place(value)
        parts.append(f'<path d="M{x:.1f} {bottom}v5" stroke="#555"/>')
        parts.append(text(x, bottom + 20, f"{value:,.0f}"))
    parts.append(f'<path d="M{LEFT} {TOP}V{bottom}H{right}" fill="none" stroke="#555"/>')
    return parts


def labels_apart(ends):
    """Names at the ends of their lines, pushed down until none covers another one beside it."""
    placed = []
    lowest = {}
    for x, y, label, colour in sorted(ends, key=lambda end: end[1]):
        lowest[x] = max(y, lowest.get(x, -math.inf) + 15)
        placed.append(text(x + 10, lowest[x] + 4, label, "start", 12, colour))
    return placed


def chart(path, title, x_label, y_label, lines, is_y_logarithmic):
    """`lines`: {label: (colour, [(x, y, y least, y most, is complete)])}"""
    points = [point for _, found in lines.values() for point in found]
    if not points:
        return False
    x_axis = Axis([point[0] for point in points], LEFT, WIDTH - RIGHT, True)
    y_axis = Axis([value for point in points for value in point[1:4]], HEIGHT - BOTTOM, TOP,
                  is_y_logarithmic)
    parts = frame(title, x_label, y_label, x_axis, y_axis)
    ends = []
    for label, (colour, found) in lines.items():
        places = [(x_axis.place(x), y_axis.place(y)) for x, y, *_ in found]
        joined = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        parts.append(f'<path d="M{joined}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for (x, y), (_, _, least, most, is_complete) in zip(places, found):
            parts.append(f'<path d="M{x:.1f} {y_axis.place(least):.1f}V{y_axis.place(most):.1f}" '
                         f'stroke="{colour}"/>')
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" stroke="{colour}" '
                         f'stroke-width="2" fill="{colour if is_complete else "#fff"}"/>')
        ends.append((*places[-1], label, colour))
    parts += labels_apart(ends)
    parts.append("</svg>")
    path.write_text("\n".join(parts) + "\n")
    return True


def lines_of(rows, x_key, y_key):
    lines = {}
    for server, colour in COLOURS.items():
        places = {}
        for row in rows:
            if row["server"] == server:
                places.setdefault(row[x_key], []).append(row)
        found = [(x, *spread([row[y_key] for row in places[x]]),
                  places[x][0]["verdict"] in ("-", "full")) for x in sorted(places)]
        if found:
            lines[server] = (colour, found)
    return lines


def drawings_write(folder, rows):
    """Returns the paths that were written. A hollow mark: the answers lack glue."""
    written = []
    for transport in ("udp", "tcp"):
        path = folder / f"throughput-{transport}.svg"
        chosen = [row for row in rows
                  if row["part"] == "throughput" and row["transport"] == transport]
        sizes = {row["set"]: row["octets_max"] for row in chosen if row["server"] == "raw"}
        chosen = [{**row, "size": sizes[row["set"]]} for row in chosen]
        if chart(path, f"{transport.upper()}: answers by size, one core (hollow: without all glue)",
                 "octets of a full answer", "thousand answers per second of CPU",
                 lines_of(chosen, "size", "core_kqps"), transport == "tcp"):
            written.append(path)
    path = folder / "cpu-by-members.svg"
    chosen = [row for row in rows if row["part"] == "throughput" and row["transport"] == "udp"]
    if chart(path, "UDP: CPU per query by members (hollow: without all glue)", "members",
             "µs CPU per query", lines_of(chosen, "members", "cpu_us"), True):
        written.append(path)
    return written
