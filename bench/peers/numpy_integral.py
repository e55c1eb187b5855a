"""The integral of bench/cases/integral.ts in NumPy, one process: python3 numpy_integral.py CALLS [N]"""
import json
import statistics
import sys
import time

import numpy

CHUNK = 1024 * 1024


def whole(n, dx):
    """As one writes it: temporaries of the whole size."""
    return (numpy.arange(n) / n * dx).sum()


def sequential(n, dx):
    """The same chunks as ours, with temporaries of a chunk's size."""
    x = numpy.empty(n)
    total = 0.0
    for i in range(0, n, CHUNK):
        part = x[i : i + CHUNK]
        part[:] = numpy.arange(i, i + CHUNK) / n * dx
        total += part.sum()
    return total


def in_place(n, dx):
    """Chunks without temporaries: the fastest that NumPy gives."""
    x = numpy.empty(n)
    ramp = numpy.arange(CHUNK, dtype="f8")
    total = 0.0
    for i in range(0, n, CHUNK):
        part = x[i : i + CHUNK]
        numpy.add(ramp, i, out=part)
        numpy.multiply(part, dx / n, out=part)
        total += part.sum()
    return total


def timed(f, n, calls):
    times = []
    for _ in range(calls):
        start = time.perf_counter()
        total = f(n, 1 / n)
        times.append((time.perf_counter() - start) * 1000)
        assert abs(total - (n - 1) / 2 / n) < 1e-9, total
    return times


def main():
    calls = int(sys.argv[1])
    n = int(sys.argv[2]) if len(sys.argv) > 2 else 128 * 1024 * 1024
    figures = {}
    for name, f in (("whole", whole), ("sequential", sequential), ("inPlace", in_place)):
        times = timed(f, n, calls)
        figures[name + "Ms"] = statistics.median(times)
        figures[name + "MinMs"] = min(times)
    print("BENCH " + json.dumps(figures))


if __name__ == "__main__":
    main()
