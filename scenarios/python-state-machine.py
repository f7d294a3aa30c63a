#!/usr/bin/env python3
"""The three ops of the lab's state machines in Python, with the lab's own results."""
import json
import sys

MULTIPLIER, INCREMENT = 1664525, 1013904223


def compute(n):
    """The n-th term of x0 = 1, x = (1664525 x + 1013904223) mod 2^32, by squaring the step."""
    multiplier, increment, x = MULTIPLIER, INCREMENT, 1
    while n > 0:
        if n % 2 == 1:
            x = (multiplier * x + increment) % 2**32
        increment = (multiplier * increment + increment) % 2**32
        multiplier = multiplier * multiplier % 2**32
        n //= 2
    return x


def apply(state, payload):
    """Applies the ops; returns what has changed."""
    changed = {}
    for op in payload:
        key, value = op["key"], op["value"]
        if op["op"] == "increment":
            value = state.get(key, 0) + value
        elif op["op"] == "compute":
            value = compute(value)
        state[key] = changed[key] = value
    return changed


states = {}
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    message = json.loads(line)
    state = states.setdefault(message["worker_id"], {})
    print(json.dumps({"id": message["id"], "set": apply(state, message["payload"])}), flush=True)
