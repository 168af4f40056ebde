# SPDX-License-Identifier: MIT
"""What judge.py says of memory at rest that is made up: of half an hour, with
fifteen rounds of 28 reloads each."""
import random
import unittest

import judge

ROUNDS, RELOADS, ANSWERS = 15, 28, 300000
REST = 10 << 20  # bytes


def series(more, rounds=ROUNDS):
    """more(i): what there is at rest i, beyond what there always is."""
    return [{"rss": REST + int(more(i)), "reloads": RELOADS * (i + 1),
             "answered": ANSWERS * (i + 1)} for i in range(rounds)]


def noise(seed, most=200 << 10):
    """Of malloc: some pages more or less, at each rest."""
    drawn = random.Random(seed)
    return [drawn.uniform(-most, most) for _ in range(ROUNDS)]


def wrong(rests):
    """What is not as it has to be."""
    return [what for what, is_so, _ in judge.memory(rests) if not is_so]


class Memory(unittest.TestCase):
    def test_noise_is_no_growth(self):
        for seed in range(200):
            at = noise(seed)
            self.assertEqual(wrong(series(lambda i: at[i])), [])

    def test_a_leak_in_each_reload_is_found(self):
        for seed in range(200):
            at = noise(seed)
            rests = series(lambda i: at[i] + i * RELOADS * (85 << 10))
            self.assertIn("memory at rest does not grow in the second half",
                          wrong(rests))

    def test_a_leak_in_one_kind_of_reload_is_found(self):
        for seed in range(200):
            at = noise(seed)
            rests = series(lambda i: at[i] + i * RELOADS / 4 * (85 << 10))
            self.assertEqual(wrong(rests), [
                "memory at rest does not grow in the second half"])

    def test_a_leak_in_each_answer_is_found(self):
        rests = series(lambda i: 2 * i * ANSWERS)
        self.assertEqual(wrong(rests), [
            "memory at rest does not grow in the second half"])

    def test_caches_may_fill(self):
        for fills in (lambda i: (1 - 0.6 ** i) * (3 << 20),
                      lambda i: min(i, ROUNDS // 2) * 1.2e6):
            self.assertEqual(wrong(series(fills)), [])

    def test_one_step_is_no_growth(self):
        for at in range(ROUNDS):
            rests = series(lambda i: (i >= at) * (1 << 20))
            self.assertEqual(wrong(rests), [], "at %d" % at)

    def test_one_rest_may_be_another(self):
        for at in range(ROUNDS):
            rests = series(lambda i: (i == at) * (6 << 20))
            self.assertEqual(wrong(rests), [], "at %d" % at)

    def test_memory_that_goes_back_is_no_growth(self):
        self.assertEqual(wrong(series(lambda i: -i * (300 << 10))), [])

    def test_the_bound_over_all_of_it_holds_as_before(self):
        self.assertEqual(wrong(series(lambda i: (i > 0) * (10 << 20))), [
            "memory at rest is that of after the first round"])

    def test_a_short_run_has_no_slope_and_says_so(self):
        rests = series(lambda i: i * RELOADS * (85 << 10), 3)
        self.assertEqual(wrong(rests), [])
        self.assertEqual(len(judge.memory(rests)), 1)
        self.assertIn("too short", judge.memory(rests)[0][2])

    def test_figures_are_said(self):
        how = judge.memory(series(lambda i: i * RELOADS * 2048))[1][2]
        self.assertIn("2.0 KB a reload, or 0.19 bytes an answer", how)


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=0).result
    bad = len(result.failures) + len(result.errors)
    print("%d passed, %d failed" % (result.testsRun - bad, bad))
    raise SystemExit(bad != 0)
