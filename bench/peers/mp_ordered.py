"""An ordered section out of multiprocessing.Condition and a shared turn: python3 mp_ordered.py N"""
import json
import sys
import time
from multiprocessing import Condition, Process, RawArray, RawValue


def work(rank, np, n, turn, condition, seen):
    for i in range(rank, n, np):
        with condition:
            while turn.value != i:
                condition.wait()
            seen[i] = turn.value
            turn.value = i + 1
            condition.notify_all()


def main():
    np, n = 2, int(sys.argv[1])
    turn, condition, seen = RawValue("i", 0), Condition(), RawArray("i", n)
    start = time.perf_counter()
    processes = [Process(target=work, args=(r, np, n, turn, condition, seen)) for r in range(np)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    seconds = time.perf_counter() - start
    assert turn.value == n and list(seen) == list(range(n))
    print("BENCH " + json.dumps({"n": n, "perSecond": n / seconds}))


if __name__ == "__main__":
    main()
