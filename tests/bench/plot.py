# SPDX-License-Identifier: MIT
"""SVG drawings of the figures, without any library: throughput by size, cost by members.

All is drawn in ratios to the raw limit of the same round, so that two machines draw nearly the
same. The same figures always give the same octets. The drawings follow the reader's light or dark
scheme.
"""

import html
import math

from measure import spread

WIDTH, HEIGHT = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 130, 50, 60
LEGEND_LINE = 20
# Dark enough for white paper, light enough for a dark screen.
COLOURS = {"raw": "#8a8a8a", "rollcall": "#e03131", "nsd": "#1c7ed6", "knot": "#2f9e44",
           "pdns": "#e8590c", "named": "#845ef7"}
NAMES = {"raw": "raw limit", "nsd": "NSD", "knot": "Knot", "pdns": "PowerDNS", "named": "BIND"}
TICK_COUNT = 6
STYLE = """<style>
.ground{fill:#fff}.ink{fill:#333}.grid{stroke:#e3e3e3}.axis{stroke:#666;fill:none}
@media (prefers-color-scheme:dark){
.ground{fill:#0d1117}.ink{fill:#d0d7de}.grid{stroke:#30363d}.axis{stroke:#8b949e}}
</style>"""


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


def text(x, y, content, anchor="middle", size=12, turn=""):
    return (f'<text class="ink" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" '
            f'font-size="{size}"{turn}>{html.escape(content)}</text>')


def frame(title, x_label, y_label, x_axis, y_axis):
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
             'font-family="sans-serif" role="img">',
             f"<title>{html.escape(title)}</title>", STYLE,
             f'<rect class="ground" width="{WIDTH}" height="{HEIGHT}"/>',
             text(LEFT, 26, title, "start", 15),
             text((LEFT + right) / 2, HEIGHT - 16, x_label),
             text(18, (TOP + bottom) / 2, y_label,
                  turn=f' transform="rotate(-90 18 {(TOP + bottom) / 2:.1f})"')]
    for value in y_axis.ticks():
        y = y_axis.place(value)
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{right}"/>')
        parts.append(text(LEFT - 8, y + 4, f"{value:g}", "end"))
    for value in x_axis.ticks():
        x = x_axis.place(value)
        parts.append(f'<path class="axis" d="M{x:.1f} {bottom}v5"/>')
        parts.append(text(x, bottom + 20, f"{value:,.0f}"))
    parts.append(f'<path class="axis" d="M{LEFT} {TOP}V{bottom}H{right}"/>')
    return parts


def mark(x, y, colour, is_complete):
    if is_complete:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>'
    return (f'<circle class="ground" cx="{x:.1f}" cy="{y:.1f}" r="4" stroke="{colour}" '
            'stroke-width="2"/>')


def legend(lines):
    """Beside the drawing, in the order in which the lines end, from the top down."""
    x, y = WIDTH - RIGHT + 16, TOP + 6
    for label, (colour, _) in lines:
        yield f'<path d="M{x} {y}h22" stroke="{colour}" stroke-width="2"/>'
        yield mark(x + 11, y, colour, True)
        yield text(x + 30, y + 4, NAMES.get(label, label), "start")
        y += LEGEND_LINE
    if any(not point[4] for _, (_, found) in lines for point in found):
        yield mark(x + 11, y, COLOURS["raw"], False)
        yield text(x + 30, y + 4, "not all glue", "start")


def chart(path, title, x_label, y_label, lines, is_y_logarithmic):
    """`lines`: {label: (colour, [(x, y, y least, y most, is complete)])}"""
    points = [point for _, found in lines.values() for point in found]
    if not points:
        return False
    x_axis = Axis([point[0] for point in points], LEFT, WIDTH - RIGHT, True)
    y_axis = Axis([value for point in points for value in point[1:4]], HEIGHT - BOTTOM, TOP,
                  is_y_logarithmic)
    parts = frame(title, x_label, y_label, x_axis, y_axis)
    for colour, found in lines.values():
        places = [(x_axis.place(x), y_axis.place(y)) for x, y, *_ in found]
        joined = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        parts.append(f'<path d="M{joined}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for (x, y), (_, _, least, most, is_complete) in zip(places, found):
            parts.append(f'<path d="M{x:.1f} {y_axis.place(least):.1f}V{y_axis.place(most):.1f}" '
                         f'stroke="{colour}"/>')
            parts.append(mark(x, y, colour, is_complete))
    parts += legend(sorted(lines.items(), key=lambda line: (-line[1][1][-1][1], line[0])))
    parts.append("</svg>")
    path.write_text("\n".join(parts) + "\n")
    return True


def lines_of(rows, x_key, y_key):
    lines = {}
    rows = list(rows)
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


def rows_of_ratios(rows, transport):
    """Each row with "size", the octets of a full answer; "of_raw", its throughput in percent of the
    raw limit at this size; "cost", its CPU per query in that of the raw limit's smallest answers."""
    chosen = [row for row in rows
              if row["part"] == "throughput" and row["transport"] == transport]
    raws = {(row["round"], row["set"]): row for row in chosen if row["server"] == "raw"}
    smallest = {}
    for row in sorted(raws.values(), key=lambda row: -row["members"]):
        smallest[row["round"]] = row["cpu_us"]
    for row in chosen:
        raw = raws[row["round"], row["set"]]
        yield {**row, "size": raw["octets_max"],
               "of_raw": 100 * row["core_kqps"] / raw["core_kqps"],
               "cost": row["cpu_us"] / smallest[row["round"]]}


def drawings_write(folder, rows):
    """Returns the paths that were written."""
    written = []
    for transport in ("udp", "tcp"):
        path = folder / f"throughput-{transport}.svg"
        if chart(path, f"SRV answers over {transport.upper()} from one core, by size",
                 "octets of a full answer", "answers per CPU second, % of the raw limit",
                 lines_of(rows_of_ratios(rows, transport), "size", "of_raw"), False):
            written.append(path)
    path = folder / "cpu-by-members.svg"
    if chart(path, "CPU per SRV query over UDP, by members of the cluster", "members",
             "CPU per query, raw limit of the smallest = 1",
             lines_of(rows_of_ratios(rows, "udp"), "members", "cost"), True):
        written.append(path)
    return written
