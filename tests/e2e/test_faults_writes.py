#!/usr/bin/python3
"""Proves that a write which writes less than it was asked to makes no difference, and that a run loses no memory where writing fails.

faultshim.c does that to one write of a small export at a time. What happens to a run at which any other call fails is test_faults_calls.py's;
LeakSanitizer cannot look at a process that strace traces, and here it can. HOLDALL_FAULTS=all in the environment tries every write.
"""

import sys
import unittest

sys.dont_write_bytecode = True
import disturbed  # noqa: E402
import faultshim  # noqa: E402
import harness  # noqa: E402

EVERY = 12


class Writes(unittest.TestCase):
    maxDiff = 10000

    def with_shim(self, codes, **setting):
        """What is wrong with a run with that setting of faultshim.c."""
        place = disturbed.Place(disturbed.export())
        code, err = disturbed.finish(disturbed.start([harness.binary(), *place.words()], faultshim.environment(**setting)))
        yield from ["it hangs"] if code is None else disturbed.ended(place, code, err, codes)
        yield from place.strays(stage=code in disturbed.KEEPS, hidden=False)
        place.remove()

    def counted(self):
        """How many writes a run makes, as faultshim.c counts them."""
        place = disturbed.Place(disturbed.export())
        told = place.folder / "told"
        code, err = disturbed.finish(disturbed.start([harness.binary(), *place.words()], faultshim.environment(told)))
        self.assertEqual(code, 0, err)
        return faultshim.Told(told)

    def try_all(self, codes, name, count):
        points = disturbed.thinned(range(1, count + 1), EVERY)
        found = disturbed.side_by_side(lambda number: self.with_shim(codes, **{name: number}), points)
        self.assertEqual(found, [], f"{len(found)} problems in {len(points)} runs")
        print(f"{len(points)} runs", file=sys.stderr)

    def test_is_short(self):
        """Each write writes half of what it should, once."""
        self.try_all((0,), "short", self.counted().longer)

    def test_loses_nothing(self):
        """Each write fails, once."""
        self.try_all((0, disturbed.FAILED), "write", self.counted().writes)


if __name__ == "__main__":
    harness.main()
