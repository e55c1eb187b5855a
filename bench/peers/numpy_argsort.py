"""argsort and sort in NumPy: python3 numpy_argsort.py WHAT DTYPE N DATA CALLS, as bench/cases/argsort.ts"""
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


def timed(f, calls, n):
    times = []
    for _ in range(calls + 1):
        start = time.perf_counter()
        f()
        times.append((time.perf_counter() - start) * 1e9 / n)
    return times


def main():
    what, dtype, n, data, calls = (int(x) for x in sys.argv[1:6])
    a = make(TYPES[dtype], n, DATA[data])
    figures = {}
    f = numpy.argsort if what == 0 else numpy.sort
    for name, kind in (("", None), ("stable", "stable")):
        times = timed(lambda: f(a, kind=kind), calls, n)
        prefix = name + "Median" if name else "median"
        figures[prefix + "Ns"] = statistics.median(times[1:])
        figures[(name + "Min" if name else "min") + "Ns"] = min(times[1:])
        figures[(name + "Cold" if name else "cold") + "Ns"] = times[0]
    print("BENCH " + json.dumps(figures))


if __name__ == "__main__":
    main()
