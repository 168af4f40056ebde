# SPDX-License-Identifier: MIT
"""The report of a soak: FOLDER/soak.json becomes FOLDER/report.html, with its
charts as SVG in it.  By hand: report.py FOLDER"""
import json
import os
import sys
from html import escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 560, 270, 64, 16, 46, 40
COLOURS = ["#2060c0", "#c02020", "#208040", "#b06000", "#8040a0", "#007080"]
EVENTS = {"kill": "#c02020", "swap": "#8040a0", "restart": "#b06000",
          "reload": "#606060", "mistake": "#0090a0"}
BINS = 160  # of a curve: more points than that are a band, with their mean
MOST_LINES = 12  # kills through a chart; more hide what is in it
ENDS = "answered", "refused", "again", "killed", "left", "lost"
STYLE = """
body { font: 15px/1.5 sans-serif; color: #222; margin: 2em auto;
       max-width: 1180px; padding: 0 1em }
table { border-collapse: collapse; margin: 1em 0 }
th, td { border-bottom: 1px solid #ddd; padding: .2em .8em; text-align: left }
.n { text-align: right; font-variant-numeric: tabular-nums }
.good { color: #187030 } .bad { color: #b00000; font-weight: bold }
.charts { display: flex; flex-wrap: wrap; gap: 1em }
"""


# --- charts --------------------------------------------------------------------------

def step(largest):
    """The distance of ticks: 1, 2 or 5 times a power of ten."""
    size = 1.0
    while size * 5 > largest:
        size /= 10
    while size * 50 < largest:
        size *= 10
    for factor in (1, 2, 5, 10):
        if size * factor * 6 >= largest:
            return size * factor
    return size * 10


def label(value):
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= unit:
            return "%g%s" % (round(value / unit, 3), name)
    return "%g" % round(value, 6)


def binned(points, seconds):
    """[(at, least, mean, largest)] of the points near each other; None, where
    there is no value, ends a curve."""
    bins = {}
    for at, value in points:
        bins.setdefault(min(int(BINS * at / seconds), BINS - 1), []).append(
            (at, value))
    for near in (bins[i] for i in sorted(bins)):
        values = [value for _, value in near if value is not None]
        at = sum(at for at, _ in near) / len(near)
        yield (at, min(values), sum(values) / len(values), max(values)) \
            if values else (at, None, None, None)


def curve(points, x, y, seconds, colour):
    """A line for the mean, above a band from the least to the largest."""
    way, pieces = "", [[]]
    for at, least, mean, largest in binned(points, seconds):
        if mean is None:
            pieces.append([])
            continue
        way += "%s%.1f %.1f" % ("L" if pieces[-1] else "M", x(at), y(mean))
        pieces[-1].append((at, least, largest))
    band = "".join("M" + "L".join(
        ["%.1f %.1f" % (x(at), y(largest)) for at, _, largest in piece] +
        ["%.1f %.1f" % (x(at), y(least)) for at, least, _ in reversed(piece)]
        ) + "Z" for piece in pieces if piece)
    return ('<path d="%s" fill="%s" opacity="0.18"/>'
            '<path d="%s" fill="none" stroke="%s" stroke-width="1.5"/>' % (
                band, colour, way, colour))


def text(x, y, what, anchor="middle", more=""):
    return '<text x="%.1f" y="%.1f" text-anchor="%s"%s>%s</text>' % (
        x, y, anchor, more, escape(what))


def ticks(largest):
    size, value = step(largest), 0.0
    while value <= largest * 1.0001:
        yield value
        value += size


def chart(title, curves, events, seconds):
    """curves: {name: [(at, value or None)]}; events: [(at, what)]"""
    values = [v for points in curves.values() for _, v in points
              if v is not None]
    top = (max(values) if values else 0) * 1.08 or 1.0
    bottom = HEIGHT - BOTTOM

    def x(at):
        return LEFT + (WIDTH - LEFT - RIGHT) * at / seconds

    def y(value):
        return bottom - (bottom - TOP) * value / top
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" '
             'font-family="sans-serif" font-size="11">' % (WIDTH, HEIGHT),
             '<rect width="100%" height="100%" fill="white"/>',
             text(LEFT, 16, title, "start", ' font-weight="bold"')]
    for tick in ticks(top):
        parts.append('<path d="M%.1f %.1fH%.1f" stroke="#e4e4e4"/>'
                     % (LEFT, y(tick), WIDTH - RIGHT))
        parts.append(text(LEFT - 6, y(tick) + 4, label(tick), "end"))
    unit, name = (60, "minutes") if seconds > 300 else (1, "seconds")
    for tick in ticks(seconds / unit):
        parts.append(text(x(tick * unit), HEIGHT - BOTTOM + 26, label(tick)))
    parts.append(text(WIDTH - RIGHT, HEIGHT - 2, name, "end"))
    kills = sum(what == "kill" for _, what in events)
    for at, what in events:
        # A band below for each kind.
        level = bottom + 2 + 2 * list(EVENTS).index(what)
        is_line = what == "kill" and kills <= MOST_LINES
        parts.append('<path d="M%.1f %.1fV%.1f" stroke="%s"/>' % (
            x(at), TOP if is_line else level, level + 2, EVENTS[what]))
    for i, (name, points) in enumerate(curves.items()):
        colour = COLOURS[i % len(COLOURS)]
        parts.append(curve(points, x, y, seconds, colour))
        parts.append(text(LEFT + 80 * i, 34, name, "start",
                          ' fill="%s"' % colour))
    parts.append("</svg>")
    return "".join(parts)


def of_nodes(samples, what):
    return {"node " + node: [(s["at"], s[node] and s[node][what])
                             for s in samples] for node in ("a", "b")}


def at_rest(rests, what, of_node):
    return {"node " + node: [(r["at"], r[node][what]) for r in rests]
            for node in of_node}


def rates(samples):
    """Answers a second, of each kind."""
    curves = {}
    for before, now in zip(samples, samples[1:]):
        for kind, ends in now["ends"].items():
            if kind == "leaves":
                continue
            n = ends["answered"] - before["ends"].get(kind, ends)["answered"]
            curves.setdefault(kind, []).append(
                (now["at"], n / max(now["at"] - before["at"], 1e-3)))
    return curves


def latencies(samples):
    curves = {}
    for sample in samples:
        for kind in ("http1", "http2", "nats"):
            of_kind = sample["times"].get(kind, [None, None])
            for part, value in zip(("p50", "p99"), of_kind):
                curves.setdefault("%s %s" % (kind, part), []).append(
                    (sample["at"], value and value * 1000))
    return {name: points for name, points in curves.items()
            if any(value is not None for _, value in points)}


# --- tables --------------------------------------------------------------------------

def row(cells):
    return "<tr>%s</tr>" % "".join(
        "<td%s>%s</td>" % (' class="n"' if isinstance(cell, (int, float))
                           else "", escape(str(cell))) for cell in cells)


def table(head, rows):
    """A column has the alignment of its first cell."""
    heads = "".join("<th%s>%s</th>" % (
        ' class="n"' if rows and isinstance(rows[0][i], (int, float)) else "",
        escape(name)) for i, name in enumerate(head))
    return "<table><tr>%s</tr>%s</table>" % (heads, "".join(map(row, rows)))


def verdicts(checks):
    return "<table>%s</table>" % "".join(
        '<tr><td class="%s">%s</td><td>%s</td><td>%s</td></tr>' % (
            "good" if is_so else "bad", "good" if is_so else "FAIL",
            escape(what), escape(how)) for what, is_so, how in checks)


def listing(title, lines):
    if not lines:
        return ""
    return "<h2>%s</h2><pre>%s</pre>" % (title, escape("\n".join(lines[:200])))


def page(soak):
    samples, rests = soak["samples"], soak["rests"]
    seconds = max([s["at"] for s in samples] + [r["at"] for r in rests] + [1])
    events = [(e["at"], e["what"]) for e in soak["events"]]
    charts = [
        chart("resident memory at rest, bytes",
              at_rest(rests, "rss", ("a", "b")), events, seconds),
        chart("resident memory under load, bytes", of_nodes(samples, "rss"),
              events, seconds),
        chart("fibers under load", of_nodes(samples, "fibers"), events, seconds),
        chart("descriptors under load", of_nodes(samples, "descriptors"),
              events, seconds),
        chart("connections", of_nodes(samples, "connections"), events, seconds),
        chart("generations that drain", of_nodes(samples, "draining"), events,
              seconds),
        chart("answers a second", rates(samples), events, seconds),
        chart("time to an answer, ms", latencies(samples), events, seconds),
    ]
    marks = ", ".join('<span style="color:%s">%s</span>' % (colour, what)
                      for what, colour in EVENTS.items())
    ends = [[kind, *(of_kind[end] for end in ENDS)]
            for kind, of_kind in soak["ends"].items()]
    reasons = [[kind, why, n] for kind, of_kind in soak["reasons"].items()
               for why, n in sorted(of_kind.items())]
    at_rests = [[round(r["at"]), r["reloads"], r["answered"]] + [
        r[node][what] for what in ("rss", "fibers", "descriptors")
        for node in ("a", "b")] for r in rests]
    return """<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>Soak</title>
<style>{style}</style>
<h1>Soak: {seconds:g} seconds of mixed load</h1>
<p>Node a lives from the beginning to the end; node b is killed and begun again.
What happened is marked below each chart: {marks}. A line is a mean, and the band
around it goes from the least to the largest. Seed {seed}.</p>
{verdicts}
<div class="charts">{charts}</div>
<h2>What became of all that was asked</h2>
{ends}
<h2>Why it was refused</h2>
{reasons}
<h2>At rest</h2>
{rests}
{lost}{faults}
</html>
""".format(style=STYLE, seconds=soak["seconds"], seed=soak["seed"], marks=marks,
           verdicts=verdicts(soak["checks"]), charts="".join(charts),
           ends=table(["kind", *ENDS], ends),
           reasons=table(["kind", "reason", "times"], reasons),
           rests=table(["second", "reloads of a", "answers", *(
               "%s %s" % (what, node)
               for what in ("bytes", "fibers", "descriptors")
               for node in ("a", "b"))], at_rests),
           lost=listing("Lost", soak["lost"]),
           faults=listing("Faults", soak["faults"]))


def write(folder):
    with open(os.path.join(folder, "soak.json"), encoding="utf-8") as file:
        soak = json.load(file)
    path = os.path.join(folder, "report.html")
    with open(path, "w", encoding="utf-8") as file:
        file.write(page(soak))
    return path


if __name__ == "__main__":
    print(write(sys.argv[1]))
