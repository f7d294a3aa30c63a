import type { WireFormat } from "../../../scenario/schema.ts";
import type { Effort, Overlap, WorkloadReport } from "../../workload.ts";
import { type KeyRules, MessageProcessor, type WorkCost } from "../processor.ts";
import { type CommandSpec, ProgramSupervisor } from "./supervisor.ts";

/** State machines whose messages a program works on, one program for each thread. */
export class CommandProcessor extends MessageProcessor {
  readonly overlap: Overlap;
  private readonly program: ProgramSupervisor;

  constructor(
    work: WorkCost & CommandSpec,
    effort: Effort,
    nameOf: ((key: number) => string) | undefined,
    format: WireFormat,
    rules: KeyRules,
  ) {
    const program = new ProgramSupervisor(work);
    super(work, effort, nameOf, (state, message) => program.handle(state, message), format, rules);
    this.program = program;
    this.overlap = {
      // One that answers several messages with one line wants them together.
      get now() {
        return program.batch;
      },
      start: (item, ended) => program.send(this.machineFor(item.key), this.messageOf(item), ended),
    };
  }

  open(giveUp: (why: string) => void): Promise<void> {
    return this.program.start(giveUp);
  }

  override halt(): void {
    this.program.halt();
  }

  override report(): WorkloadReport {
    return { ...super.report(), program: this.program.report() };
  }

  close(): Promise<void> {
    return this.program.close();
  }
}
