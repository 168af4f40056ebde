# SPDX-License-Identifier: MIT
"""What has become of all that was asked.

Each thing that is asked ends in one of these ways, and there is no other:

    answered   the answer came whole, and is the right one
    refused    a reason came: a status, a reset that says so, no responders
    again      not begun: a connection that is kept ended as the request came (RFC
               9112, 9.3.1), or the server said that it has not begun it (RFC
               9113, 6.8).  It was asked again
    killed     the process that had it was killed meanwhile
    left       the client itself went away, as it was meant to
    lost       none of these: a fault
"""
import time

ENDS = "answered", "refused", "again", "killed", "left", "lost"


class Lost(Exception):
    """What was asked has no answer, and no reason."""


class Count:
    def __init__(self):
        self.ends = {}      # kind: {end: how many}
        self.reasons = {}   # kind: {reason: how many}, of those refused
        self.lost = []      # texts
        self.times = {}     # kind: [seconds], since the last sample

    def add(self, kind, end, why=""):
        of_kind = self.ends.setdefault(kind, dict.fromkeys(ENDS, 0))
        of_kind[end] += 1
        if end == "lost":
            self.lost.append("%s %s: %s" % (time.strftime("%H:%M:%S"), kind,
                                            why))
        elif why:
            reasons = self.reasons.setdefault(kind, {})
            reasons[why] = reasons.get(why, 0) + 1

    def answered(self, kind, began):
        self.add(kind, "answered")
        self.times.setdefault(kind, []).append(time.monotonic() - began)

    def total(self, end):
        return sum(of_kind[end] for of_kind in self.ends.values())

    def take_times(self):
        times, self.times = self.times, {}
        return times
