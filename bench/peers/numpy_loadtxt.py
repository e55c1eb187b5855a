"""The work of bench/cases/loadtxt.ts in NumPy: python3 numpy_loadtxt.py CALLS BYTES KIND; that case makes the file"""
import json
import os
import statistics
import sys
import tempfile
import time

import numpy


def main():
    calls, size = int(sys.argv[1]), int(sys.argv[2])
    kind = "short" if sys.argv[3] == "1" else "long"
    path = os.path.join(tempfile.gettempdir(), f"sharedmem_loadtxt_{kind}_{size}.csv")
    walls, processors = [], []
    for _ in range(calls):
        start, used = time.perf_counter(), time.process_time()
        a = numpy.loadtxt(path, delimiter=",")
        walls.append((time.perf_counter() - start) * 1000)
        processors.append((time.process_time() - used) * 1000)
        assert a.shape[1] == 10
    first = walls[0]
    walls, processors = walls[1:] or walls, processors[1:] or processors
    figures = {
        "bytes": os.path.getsize(path),
        "firstMs": first,
        "totalMs": statistics.median(walls),
        "processorMs": statistics.median(processors),
    }
    print("BENCH " + json.dumps(figures))


main()
