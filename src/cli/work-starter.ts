/** Programs to start from, for `work.kind: command`. Each keeps what `set` says; `compute` is left to its author. */
export interface WorkStarter {
  /** Ending of the program's file. */
  readonly extension: string;
  readonly command: (file: string) => readonly string[];
  /** Time in which it is ready, as a scenario says it. */
  readonly startup: string;
  readonly text: string;
}

const python = `#!/usr/bin/env python3
"""Works on the messages of the scenario beside it: a line of JSON for each, and a line for each answer."""
import json
import sys

states = {}  # what this program knows of each machine; the lab keeps what "set" says

print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    message = json.loads(line)
    state = states.setdefault(message["worker_id"], {})
    changed = {}
    for op in message["payload"]:
        key, value = op["key"], op["value"]
        if op["op"] == "increment":
            value += state.get(key, 0)
        # Here is the place for work of yours.
        state[key] = changed[key] = value
    print(json.dumps({"id": message["id"], "set": changed}), flush=True)
`;

const node = `// Works on the messages of the scenario beside it: a line of JSON for each, and a line for each answer.
import { createInterface } from "node:readline";

const states = new Map(); // what this program knows of each machine; the lab keeps what "set" says
const say = (answer) => process.stdout.write(JSON.stringify(answer) + "\\n");

say({ ready: true });
for await (const line of createInterface({ input: process.stdin })) {
  const { id, worker_id, payload } = JSON.parse(line);
  const state = states.get(worker_id) ?? new Map();
  states.set(worker_id, state);
  const set = {};
  for (const { op, key, value } of payload) {
    // Here is the place for work of yours.
    set[key] = op === "increment" ? (state.get(key) ?? 0) + value : value;
    state.set(key, set[key]);
  }
  say({ id, set });
}
`;

const go = `// Works on the messages of the scenario beside it: a line of JSON for each, and a line for each answer.
package main

import (
	"bufio"
	"encoding/json"
	"os"
)

type op struct {
	Op    string \`json:"op"\`
	Key   string \`json:"key"\`
	Value any    \`json:"value"\`
}

type message struct {
	ID       int    \`json:"id"\`
	WorkerID string \`json:"worker_id"\`
	Payload  []op   \`json:"payload"\`
}

func main() {
	in, out := bufio.NewScanner(os.Stdin), json.NewEncoder(os.Stdout)
	in.Buffer(nil, 8<<20)
	states := map[string]map[string]any{} // what this program knows of each machine; the lab keeps what "set" says
	out.Encode(map[string]bool{"ready": true})
	for in.Scan() {
		var m message
		if err := json.Unmarshal(in.Bytes(), &m); err != nil {
			panic(err)
		}
		if states[m.WorkerID] == nil {
			states[m.WorkerID] = map[string]any{}
		}
		state, set := states[m.WorkerID], map[string]any{}
		for _, o := range m.Payload {
			value := o.Value
			if o.Op == "increment" {
				before, _ := state[o.Key].(float64)
				value = before + o.Value.(float64)
			}
			// Here is the place for work of yours.
			state[o.Key], set[o.Key] = value, value
		}
		out.Encode(map[string]any{"id": m.ID, "set": set})
	}
}
`;

export const WORK_STARTERS: Readonly<Record<string, WorkStarter>> = {
  python: { extension: ".py", command: (file) => ["python3", file], startup: "10s", text: python },
  node: { extension: ".mjs", command: (file) => ["node", file], startup: "10s", text: node },
  go: { extension: ".go", command: (file) => ["go", "run", file], startup: "60s", text: go },
};
