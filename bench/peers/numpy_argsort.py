"""argsort and sort in NumPy: python3 numpy_argsort.py WHAT DTYPE N DATA CALLS STABLE_CALLS

As bench/cases/argsort.ts, the default kind and then the stable one: a first call and so many later ones; -1: none.
"""
import json
import statistics
import sys
import time

import numpy

TYPES = ["f8", "f4", "i4", "i8", "u1"]
DATA = ["random", "sorted", "reversed", "few", "nan"]


def make(dtype, n, data):
    rng = numpy.random.default_rng(1)
    if data == "sorted":
        return numpy.arange(n).astype(dtype)
    if data == "reversed":
        return numpy.arange(n, 0, -1).astype(dtype)
    if data == "few":
        return rng.integers(0, 100, n).astype(dtype)
    if dtype[0] == "f":
        a = rng.random(n).astype(dtype)
        if data == "nan":
            a[rng.random(n) < 0.1] = numpy.nan
        return a
    info = numpy.iinfo(dtype)
    return rng.integers(info.min, info.max, n, dtype=dtype, endpoint=True)


def timed(what, a, kind, calls):
    times = []
    for _ in range(calls + 1):
        b = a.copy() if what == 1 else a
        start = time.perf_counter()
        result = b.argsort(kind=kind) if what == 0 else b.sort(kind=kind)
        times.append((time.perf_counter() - start) * 1e9 / a.size)
        del result
    return times


def main():
    what, dtype, n, data, calls, stable_calls = (int(x) for x in sys.argv[1:7])
    a = make(TYPES[dtype], n, DATA[data])
    figures = {}
    for kind, later in ((None, calls), ("stable", stable_calls)):
        if later < 0:
            continue
        times = timed(what, a, kind, later)
        names = ("coldNs", "medianNs", "minNs") if kind is None else ("stableColdNs", "stableMedianNs", "stableMinNs")
        figures[names[0]] = times[0]
        if later > 0:
            figures[names[1]] = statistics.median(times[1:])
        figures[names[2]] = min(times)
    print("BENCH " + json.dumps(figures))


if __name__ == "__main__":
    main()
