import type { Note, Noted } from "../store.ts";

interface Kept extends Noted {
  /** When it is forgotten, in milliseconds since 1970. */
  readonly until: number;
}

/** Notes on the messages of one group. */
export class Notes {
  /** By subject and id, in the order of writing, so that what is forgotten first stands in front. */
  private readonly all = new Map<string, Kept>();

  set({ id, about, value }: Note, until: number, now: number): void {
    for (const [name, kept] of this.all) {
      if (kept.until > now) break;
      this.all.delete(name);
    }
    const name = `${about} ${id}`;
    const revision = (this.all.get(name)?.revision ?? 0) + 1;
    this.all.delete(name);
    this.all.set(name, { value, revision, until });
  }

  get(id: number, about: Note["about"], now: number): Noted | null {
    const kept = this.all.get(`${about} ${id}`);
    return kept === undefined || kept.until <= now ? null : kept;
  }
}
