import { openSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { cpuGroups, parseThrottling, type Throttling } from "./cgroup.ts";

/** Files of a few lines. */
const LARGEST = 4096;

/** How often quotas have stopped the threads of this process's control groups: reads each group's `cpu.stat`. */
export class ThrottleMeter {
  private readonly buffer = Buffer.allocUnsafe(LARGEST);
  private readonly files: readonly { readonly file: number; readonly name: string; readonly version: 1 | 2 }[];

  /** `root`: of the file system. */
  constructor(root = "/") {
    const open = cpuGroups(root).flatMap(({ name, folder, version }) => {
      const file = opened(join(folder, "cpu.stat"));
      return file === null ? [] : [{ file, name, version }];
    });
    // A group of version 2 that hands out no CPU time tells nothing of it.
    this.files = open.filter((one) => this.look(one) !== null);
  }

  /** null: no group tells. */
  read(): readonly Throttling[] | null {
    const looks = this.files.map((one) => this.look(one)).filter((look) => look !== null);
    return looks.length === 0 ? null : looks;
  }

  private look(one: (typeof this.files)[number]): Throttling | null {
    try {
      // Reading from its beginning again gives what it says then.
      const length = readSync(one.file, this.buffer, 0, LARGEST, 0);
      return parseThrottling(this.buffer.toString("latin1", 0, length), one);
    } catch {
      // A group that was removed, as when a process is moved out of it.
      return null;
    }
  }
}

let own: ThrottleMeter | null = null;

/** Of this process. Its files stay open, however many cases it runs. */
export function throttlings(): readonly Throttling[] | null {
  own ??= new ThrottleMeter();
  return own.read();
}

function opened(path: string): number | null {
  try {
    return statSync(path).isFile() ? openSync(path, "r") : null;
  } catch {
    return null;
  }
}
