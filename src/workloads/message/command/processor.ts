import type { Item } from "../../../queueing/item.ts";
import type { WireFormat } from "../../../scenario/schema.ts";
import type { Effort, Outcome, WorkloadReport } from "../../workload.ts";
import { type KeyRules, MessageProcessor, type WorkCost } from "../processor.ts";
import { type CommandSpec, ProgramSupervisor } from "./supervisor.ts";

/** State machines whose messages a program works on, one program for each thread. */
export class CommandProcessor extends MessageProcessor {
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
  }

  get overlaps(): boolean {
    return this.program.batch;
  }

  start(item: Item, ended: (outcome: Outcome) => void): void {
    this.program.send(this.machineFor(item.key), this.messageOf(item), ended);
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
