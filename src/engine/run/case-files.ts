import { join, parse } from "node:path";
import type { CasePlan } from "../../plan/plan.ts";
import { NO_ACCESS, type RequestAccess } from "../../workloads/access.ts";
import { listFiles } from "../../workloads/traits.ts";
import { DeadLetterFiles } from "./dead-letter-files.ts";

/** File name of one case among several: `-CASE-MODE` before the extension. */
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

  /** Permissions of a case's requests, and the files they write to; a probe writes none. */
  accessOf(index: number, { mode, scenario }: CasePlan, probing: boolean): RequestAccess {
    const { access } = this;
    if (probing) return { ...access, files: NO_ACCESS.files };
    const own = (file: string | null) => (file !== null && this.several ? numbered(file, index, mode) : file);
    const named = own(listFiles(scenario).deadLetter);
    const deadLetter = named === null ? null : this.deadLetters.of(index, named);
    return { ...access, files: { ...access.files, deadLetter, requests: own(access.files.requests) } };
  }

  /** Ends the files once all cases are done; `whole`: whether a case has no request left to repeat. */
  settle(whole: (index: number) => boolean): void {
    this.deadLetters.settle(whole);
  }
}
