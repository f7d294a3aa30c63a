"""The same messages through a pool of processes, in chunks of 100, with the message as argument and its id as result."""
import json
import sys
import time
from multiprocessing import Pool


def work(message):
    return {"id": message["id"]}


if __name__ == "__main__":
    processes, count = int(sys.argv[1]), int(sys.argv[2])
    # Each message has a payload of its own: one that they share would be sent only once for each chunk.
    messages = [
        {
            "id": i,
            "worker_id": f"worker-{i % 10000}",
            "payload": [{"op": "increment", "key": "total", "value": i % 7}, {"op": "set", "key": "last", "value": i}],
            "timestamp": i / 1000,
        }
        for i in range(count)
    ]
    with Pool(processes) as pool:
        sum(1 for _ in pool.imap_unordered(work, messages[:1000], chunksize=100))
        start = time.perf_counter()
        done = sum(1 for _ in pool.imap_unordered(work, messages, chunksize=100))
        print(json.dumps({"perSecond": done / (time.perf_counter() - start)}))
