import { describe, expect, test } from "bun:test";
import { openMetricsText } from "../../../src/kernel/openmetrics.ts";

describe("OpenMetrics text", () => {
  test("has a family's type and help before its samples, and an end", () => {
    const samples = [{ labels: [["mode", "sync"]] as const, value: 3 }];
    expect(openMetricsText([{ name: "lab_depth", type: "gauge", help: "Messages.", samples }])).toBe(
      '# TYPE lab_depth gauge\n# HELP lab_depth Messages.\nlab_depth{mode="sync"} 3\n# EOF\n',
    );
  });

  test("ends the samples of a counter in _total, and their family not", () => {
    expect(openMetricsText([{ name: "done", type: "counter", samples: [{ labels: [], value: 1.5 }] }])).toBe(
      "# TYPE done counter\ndone_total 1.5\n# EOF\n",
    );
  });

  test("escapes what labels must not hold", () => {
    const samples = [{ labels: [["part", 'a"b\\c\nd']] as const, value: 1 }];
    expect(openMetricsText([{ name: "x", type: "gauge", samples }])).toContain('x{part="a\\"b\\\\c\\nd"} 1');
  });

  test("leaves out what is no finite number, and a family without samples", () => {
    const samples = [Number.NaN, Number.POSITIVE_INFINITY].map((value) => ({ labels: [], value }));
    expect(
      openMetricsText([
        { name: "x", type: "gauge", samples },
        { name: "y", type: "gauge", samples: [] },
      ]),
    ).toBe("# EOF\n");
  });
});
