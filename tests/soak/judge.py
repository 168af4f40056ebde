# SPDX-License-Identifier: MIT
"""Whether memory at rest grows.

All of a run says little of it: caches fill in its first half, and a bound that
leaves room for them lets a leak pass.  So the slope is judged, of what is there
at rest in the second half, for each reload: of whichever kind, a restart or a
refused one as well, because all of them come equally often.

The slope is the median of those between any two rests (Theil and Sen): one rest
with another number moves it little, as does a cache that grows once.
"""
from statistics import median

SPARE_BYTES = 8 << 20  # of memory, that caches of malloc may take or leave
SPARE_PART = 0.1
# Good runs have up to 2 KB a reload.  A leak of 85 KB in one kind of reload of
# four, is 21 KB a reload.
MOST_A_RELOAD = 10 << 10
# What a slope needs, so that it says something.
LEAST_RELOADS = 30
LEAST_RESTS = 4


def slope(points):
    """Of [(x, y)]; None where all have one x."""
    slopes = [(y - y0) / (x - x0) for i, (x0, y0) in enumerate(points)
              for x, y in points[i + 1:] if x != x0]
    return median(slopes) if slopes else None


def growth(rests):
    """(bytes a reload, bytes an answer) in the second half, or None where there
    is too little of it.

    rests   [{"rss": bytes, "reloads": until then, "answered": until then}]
    """
    late = rests[len(rests) // 2:]
    if len(late) < LEAST_RESTS or \
            late[-1]["reloads"] - late[0]["reloads"] < LEAST_RELOADS:
        return None
    return tuple(slope([(rest[what], rest["rss"]) for rest in late])
                 for what in ("reloads", "answered"))


def memory(rests):
    """[(what has to be, whether it is, how it is)] of memory at rest; the first
    of the rests is that after the first round."""
    first, last = rests[0]["rss"], rests[-1]["rss"]
    grows = growth(rests)
    how = "%.1f MB, then %.1f MB" % (first / 1e6, last / 1e6)
    if grows is None:
        how += "; the run is too short to say whether it grows"
    checks = [("memory at rest is that of after the first round",
               last <= first * (1 + SPARE_PART) + SPARE_BYTES, how)]
    if grows is not None:
        checks.append((
            "memory at rest does not grow in the second half",
            grows[0] <= MOST_A_RELOAD,
            "%.1f KB a reload, or %.2f bytes an answer; at most %d KB a reload"
            % (grows[0] / 1024, grows[1] or 0, MOST_A_RELOAD >> 10)))
    return checks
