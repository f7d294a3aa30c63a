import { describe, expect, test } from "bun:test";
import { type Mode, scenarioSchema } from "../../../src/scenario/schema.ts";
import { MessageStage } from "../../../src/workloads/message/stage.ts";
import type { WorkloadReport } from "../../../src/workloads/workload.ts";
import { planOf } from "../../support/virtual-setup.ts";

/** What crossing cost, by a writer's meter and the meters of two readers. */
async function told(mode: Mode, written: number, read: number, params: object = {}) {
  const plan = { ...planOf(scenarioSchema.parse({ title: "x", message: { size: "64B" } }), mode), params: { ...params } };
  const stage = await MessageStage.open(plan, 1);
  const intake = stage.intake();
  const cost = { timed: written, nanoseconds: written * 300, bytes: written * 80, resolution: 20 };
  Object.defineProperty(intake, "meter", { value: { cost } });
  const wire = (timed: number, nanoseconds: number) => ({ wire: { timed, nanoseconds, bytes: 0, resolution: 10 } }) as WorkloadReport;
  const { serialization } = await stage.figures([wire(read, read * 100), null, wire(read, read * 300)], intake);
  stage.close();
  return serialization;
}

describe("what crossing to the Workers costs", () => {
  test("is of one message, by what was timed on both sides", async () => {
    expect(await told("parallel", 10, 5)).toEqual({
      codec: "ring",
      bytesPerMessage: 80,
      encodeNs: 300,
      decodeNs: 200,
      resolutionNs: 20,
      diskWriteNs: null,
      diskReadNs: null,
    });
  });

  test("is not told where nothing was timed on either side, nor where nothing crosses", async () => {
    expect([await told("parallel", 0, 5), await told("parallel", 10, 0), await told("async", 10, 5)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test("to a disk is told where formats are compared", async () => {
    const { diskWriteNs, diskReadNs } = (await told("parallel", 10, 5, { "parallel.codec": "json" })) ?? {};
    expect([(diskWriteNs ?? 0) > 0, (diskReadNs ?? 0) > 0]).toEqual([true, true]);
  });
});
