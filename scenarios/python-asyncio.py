#!/usr/bin/env python3
"""Waits 10 ms for each message, and overlaps the waits of all that it holds."""
import asyncio
import json
import sys

counts = {}


async def work(message):
    await asyncio.sleep(0.010)
    name = message["worker_id"]
    counts[name] = counts.get(name, 0) + 1
    print(json.dumps({"id": message["id"], "set": {"done": counts[name]}}), flush=True)


async def main():
    lines = asyncio.StreamReader(limit=2**23)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    print(json.dumps({"ready": True}), flush=True)
    tasks = set()
    while line := await lines.readline():
        task = asyncio.create_task(work(json.loads(line)))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


asyncio.run(main())
