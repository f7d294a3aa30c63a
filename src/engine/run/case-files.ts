import { join, parse } from "node:path";
import type { CasePlan } from "../../plan/plan.ts";
import { NO_ACCESS, type RequestAccess } from "../../workloads/access.ts";
import { listFiles } from "../../workloads/traits.ts";
import { DeadLetterFiles } from "./dead-letter-files.ts";

/** A file of one case among several: `-CASE-MODE` before the extension. */
export function numbered(file: string, index: number, mode: string): string {
  const { dir, name, ext } = parse(file);
  return join(dir, `${name}-${index}-${mode}${ext}`);
}

/** The files that the cases of a run write requests to; with several cases each has its own. */
export class CaseFiles {
  private readonly several: boolean;
  private readonly deadLetters: DeadLetterFiles;

  constructor(
    plans: readonly CasePlan[],
    private readonly access: RequestAccess = NO_ACCESS,
  ) {
    this.several = plans.length > 1;
    this.deadLetters = new DeadLetterFiles(plans.flatMap(({ scenario }) => listFiles(scenario).list ?? []));
  }

  /** What the requests of a case may do, and where they leave a trace; a probe leaves none. */
  accessOf(index: number, { mode, scenario }: CasePlan, probing: boolean): RequestAccess {
    const { access } = this;
    if (probing) return { ...access, files: NO_ACCESS.files };
    const own = (file: string | null) => (file !== null && this.several ? numbered(file, index, mode) : file);
    const named = own(listFiles(scenario).deadLetter);
    const deadLetter = named === null ? null : this.deadLetters.of(index, named);
    return { ...access, files: { ...access.files, deadLetter, requests: own(access.files.requests) } };
  }

  /** All cases are done; `whole` says of which nothing is left to be asked for. */
  settle(whole: (index: number) => boolean): void {
    this.deadLetters.settle(whole);
  }
}
