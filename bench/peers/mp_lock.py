"""multiprocessing.Lock: python3 mp_lock.py NP MS. Empty sections a second, over all processes.

Twice: with bound acquire() and release(), the fastest that Python has, and with the `with` statement that people write.
"""
import json
import sys
import time
from multiprocessing import Array, Lock, Pipe, Process, RawValue

CHECKED = 20_000
BATCH = 1000


def hammer(lock, counter, arrived, np, seconds, out):
    acquire, release = lock.acquire, lock.release
    for _ in range(CHECKED):
        with lock:
            counter.value += 1
    with arrived.get_lock():
        arrived[0] += 1
    while arrived[0] < np:
        pass
    start = time.perf_counter()
    entries = 0
    while time.perf_counter() - start < seconds:
        for _ in range(BATCH):
            acquire()
            release()
        entries += BATCH
    pairs = entries / (time.perf_counter() - start)
    start = time.perf_counter()
    entries = 0
    while time.perf_counter() - start < seconds:
        for _ in range(BATCH):
            with lock:
                pass
        entries += BATCH
    out.send((pairs, entries / (time.perf_counter() - start)))


def main():
    np, seconds = int(sys.argv[1]), float(sys.argv[2]) / 1000
    lock, counter, arrived = Lock(), RawValue("d", 0), Array("i", 1)
    pipes = [Pipe(False) for _ in range(np)]
    processes = [
        Process(target=hammer, args=(lock, counter, arrived, np, seconds, end)) for _, end in pipes
    ]
    for process in processes:
        process.start()
    runs = [receiver.recv() for receiver, _ in pipes]
    for process in processes:
        process.join()
    assert counter.value == np * CHECKED, counter.value
    pairs, statements = (sum(rates) for rates in zip(*runs))
    print("BENCH " + json.dumps({"np": np, "perSecond": pairs, "withPerSecond": statements}))


if __name__ == "__main__":
    main()
