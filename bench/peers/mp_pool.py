"""multiprocessing.Pool: python3 mp_pool.py dispatch|small|objects|start N [calls]"""
import json
import statistics
import sys
import time
from multiprocessing import Pool


def one(i):
    return i * 2 + 1


def obj(i):
    return {"i": i, "s": "item %d" % i, "v": [i, i + 0.5]}


def clock():
    return time.perf_counter() * 1000


def check(task, results, n):
    assert len(results) == n
    for i in (0, 1, n // 2, n - 1):
        assert results[i] == task(i), (i, results[i])


def all_in(task, n, chunksize):
    start = clock()
    with Pool(2) as pool:
        results = pool.map(task, range(n), chunksize)
    ms = clock() - start
    check(task, results, n)
    return ms


def burst(task, n, calls):
    """All in, and later calls of a kept pool, with the default chunk size."""
    cold = all_in(task, n, None)
    warm = []
    with Pool(2) as pool:
        pool.map(task, range(n))
        for _ in range(calls):
            start = clock()
            results = pool.map(task, range(n))
            warm.append(clock() - start)
            check(task, results, n)
    ms = statistics.median(warm)
    return {"n": n, "allInMs": cold, "warmMs": ms, "perSecond": n / ms * 1000}


def starts(n):
    times = [all_in(one, 2, None) for _ in range(n)]
    return {"warmMs": statistics.median(times), "warmMinMs": min(times)}


def main():
    what, n = sys.argv[1], int(sys.argv[2])
    calls = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    if what == "dispatch":
        figures = burst(one, n, calls)
    elif what == "chunksize1":
        ms = all_in(one, n, 1)
        figures = {"n": n, "allInMs": ms, "perSecond": n / ms * 1000}
    elif what == "objects":
        figures = burst(obj, n, calls)
    elif what == "start":
        figures = starts(n)
    else:
        raise SystemExit("nothing called " + what)
    print("BENCH " + json.dumps(figures))


if __name__ == "__main__":
    main()
