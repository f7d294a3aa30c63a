"""The same work in Python: asyncio on uvloop, a queue of 1 000, batches of 100 or 10 ms, whichever comes first."""
import asyncio
import json
import sys
import time

import uvloop

MESSAGES, KEYS, BATCH = int(sys.argv[1]), 10, 100


def handle(states, key, ops):
    state = states[key]
    for op, name, value in ops:
        if op == 0:
            state[name] = state.get(name, 0) + value
        else:
            state[name] = value


async def run(count):
    loop = asyncio.get_running_loop()
    queue = asyncio.Queue(maxsize=1000)
    states = [dict() for _ in range(KEYS)]
    payload = ((0, "counter", 1), (1, "status", "busy"))

    async def source():
        for i in range(count):
            await queue.put((i % KEYS, payload))
        await queue.put(None)

    async def processor():
        while True:
            batch = [await queue.get()]
            deadline = loop.time() + 0.010
            while len(batch) < BATCH:
                left = deadline - loop.time()
                if left <= 0:
                    break
                try:
                    batch.append(await asyncio.wait_for(queue.get(), left))
                except asyncio.TimeoutError:
                    break
            for message in batch:
                if message is None:
                    return
                handle(states, *message)

    await asyncio.gather(source(), processor())


async def main():
    await run(20_000)
    start = time.perf_counter()
    await run(MESSAGES)
    print(json.dumps({"perSecond": MESSAGES / (time.perf_counter() - start)}))


uvloop.run(main()) if hasattr(uvloop, "run") else (uvloop.install(), asyncio.run(main()))
