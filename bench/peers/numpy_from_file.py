"""The work of bench/cases/from_file.ts in NumPy: python3 numpy_from_file.py CALLS ELEMENTS FILE"""
import json
import os
import statistics
import sys
import tempfile
import time

import numpy


def measured(read, path, exact, calls):
    reads, totals = [], []
    for _ in range(calls):
        start = time.perf_counter()
        x = read(path)
        reads.append((time.perf_counter() - start) * 1000)
        total = x.sum()
        totals.append((time.perf_counter() - start) * 1000)
        assert total == exact, total
        del x
    return reads, totals


def main():
    calls, elements = int(sys.argv[1]), int(sys.argv[2])
    path = sys.argv[3] if len(sys.argv) > 3 else f"{tempfile.gettempdir()}/sharedmem_from_file_{elements}.bin"
    if not os.path.exists(path) or os.path.getsize(path) != 8 * elements:
        (numpy.arange(elements, dtype="f8") % 1024).tofile(path)
    exact = float(sum(range(1024)) * (elements // 1024) + sum(range(elements % 1024)))
    first = measured(numpy.fromfile, path, exact, 1)[1][0]
    reads, totals = measured(numpy.fromfile, path, exact, calls)
    _, mapped = measured(lambda name: numpy.memmap(name, dtype="f8", mode="r"), path, exact, calls)
    figures = {
        "bytes": 8 * elements,
        "firstMs": first,
        "readMs": statistics.median(reads),
        "totalMs": statistics.median(totals),
        "mappedMs": statistics.median(mapped),
    }
    print("BENCH " + json.dumps(figures))


main()
