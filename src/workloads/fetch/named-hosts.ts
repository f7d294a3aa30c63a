import { hashOf } from "../../kernel/hash.ts";
import { SharedCells } from "../../resilience/cells.ts";

/** Hosts with figures of their own; the rest are counted together. */
const MOST = 100;
/** Size of the hash table, large enough for short probes. */
const PLACES = 256;
const TAKEN = 0;
const FIRST = 1;
/** Hosts that a thread caches. */
const REMEMBERED = 10_000;

/** The hosts with figures of their own: the first that any thread requests, the same for all threads that are given the same memory. */
export class NamedHosts {
  private readonly cells: SharedCells;
  private readonly known = new Map<string, boolean>();

  constructor(memory: SharedArrayBuffer = NamedHosts.memory()) {
    this.cells = new SharedCells(memory);
  }

  static memory(): SharedArrayBuffer {
    return SharedCells.of(FIRST + PLACES).memory;
  }

  /** True when the host is among them; adds it while there is room. */
  has(host: string): boolean {
    const known = this.known.get(host);
    if (known !== undefined) return known;
    if (this.known.size >= REMEMBERED) this.known.clear();
    const chosen = this.choose(host);
    this.known.set(host, chosen);
    return chosen;
  }

  /** Every thread finds a host by the same two hashes of its name. */
  private choose(host: string): boolean {
    const name = hashOf(host) * 2 ** 20 + (hashOf(`${host}/`) & 0xfffff) + 1;
    const { values } = this.cells;
    this.cells.lock();
    let at = hashOf(host) % PLACES;
    while (values[FIRST + at] !== 0 && values[FIRST + at] !== name) at = (at + 1) % PLACES;
    const room = (values[TAKEN] as number) < MOST;
    const chosen = values[FIRST + at] === name || room;
    if (values[FIRST + at] === 0 && room) {
      values[FIRST + at] = name;
      values[TAKEN] = (values[TAKEN] as number) + 1;
    }
    this.cells.unlock();
    return chosen;
  }
}
