import { openSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { cpuGroups, parseThrottling, type Throttling } from "./cgroup.ts";

/** Size of the read buffer: files have a few lines. */
const LARGEST = 4096;

/** Throttling of this process's control groups, read from each group's `cpu.stat`. */
export class ThrottleMeter {
  private readonly buffer = Buffer.allocUnsafe(LARGEST);
  private readonly files: readonly { readonly file: number; readonly name: string; readonly version: 1 | 2 }[];

  /** `root`: root of the file system. */
  constructor(root = "/") {
    const open = cpuGroups(root).flatMap(({ name, folder, version }) => {
      const file = opened(join(folder, "cpu.stat"));
      return file === null ? [] : [{ file, name, version }];
    });
    // A version 2 group without a CPU controller reports none.
    this.files = open.filter((one) => this.look(one) !== null);
  }

  /** null: no group reports it. */
  read(): readonly Throttling[] | null {
    const looks = this.files.map((one) => this.look(one)).filter((look) => look !== null);
    return looks.length === 0 ? null : looks;
  }

  private look(one: (typeof this.files)[number]): Throttling | null {
    try {
      // Reading from the beginning again gives the present values.
      const length = readSync(one.file, this.buffer, 0, LARGEST, 0);
      return parseThrottling(this.buffer.toString("latin1", 0, length), one);
    } catch {
      // The group was removed, as when a process is moved out of it.
      return null;
    }
  }
}

let own: ThrottleMeter | null = null;

/** Throttling of this process. The files stay open, however many cases it runs. */
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
