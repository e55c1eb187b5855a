"""The work of bench/cases/reduce.ts in NumPy: python3 numpy_reduce.py CALLS ELEMENTS"""
import json
import statistics
import sys
import time

import numpy


def measured(call, calls):
    times = []
    for _ in range(calls):
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times[1:] or times)


def main():
    calls, elements = int(sys.argv[1]), int(sys.argv[2])
    x = numpy.arange(elements, dtype="f8")
    x %= 1024
    smaller = x[: 2**25]
    ints = smaller.astype("i4")
    gigabytes = 8 * elements / 1e9
    figures = {"bytes": 8 * elements}
    for name in ["sum", "min", "max", "mean"]:
        figures[name + "Ms"] = ms = measured(getattr(x, name), calls)
        figures[name + "GBs"] = gigabytes / ms * 1000
    figures["dotMs"] = measured(lambda: x.dot(x), calls)
    ms = measured(lambda: numpy.histogram(smaller, 64, (0, 1024)), min(calls, 3))
    figures["histogramNs"] = ms / smaller.size * 1e6
    figures["bincountNs"] = measured(lambda: numpy.bincount(ints), calls) / ints.size * 1e6
    print("BENCH " + json.dumps(figures))


main()
