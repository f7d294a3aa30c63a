import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { coresFor, coresText, parseCpuList, readAllowance, threadsFor } from "../../../src/telemetry/allowance.ts";
import { cpuGroups } from "../../../src/telemetry/cgroup.ts";
import { ThrottleMeter } from "../../../src/telemetry/throttling.ts";
import { rounds } from "../../support/campaign.ts";

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A file system with these files in it. */
function tree(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), "lab-tui-tree-"));
  folders.push(root);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const V2 = "29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
const V1 = "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct\n";
const EIGHT = { "sys/devices/system/cpu/online": "0-7\n", "proc/self/status": "Name:\tx\nCpus_allowed_list:\t0-7\n" };
const stat = (ms: number, version: 1 | 2) =>
  `nr_throttled 3\n${version === 2 ? `throttled_usec ${ms * 1e3}` : `throttled_time ${ms * 1e6}`}\n`;

describe("what a process may use of a machine", () => {
  test("is all of it where nothing limits it", () => {
    const root = tree({
      ...EIGHT,
      "proc/self/cgroup": "0::/user\n",
      "proc/self/mountinfo": V2,
      "sys/fs/cgroup/user/cpu.max": "max 100000\n",
    });
    expect(readAllowance(root)).toEqual({ cores: 8, places: 8, quota: null, limits: null });
  });

  test("is what a quota of version 2 pays for, by name", () => {
    const root = tree({ ...EIGHT, "proc/self/cgroup": "0::/a\n", "proc/self/mountinfo": V2, "sys/fs/cgroup/a/cpu.max": "150000 100000\n" });
    const allowance = readAllowance(root);
    expect(allowance).toMatchObject({ cores: 1.5, places: 8, limits: { machineCores: 8, cores: null } });
    expect(coresText(allowance)).toBe("1.5 of 8 cores: quota 150 ms per 100 ms of cgroup /a");
    expect(threadsFor(allowance)).toBe(2);
  });

  test("is what a quota of version 1 pays for; -1 is none", () => {
    const files = (quota: string) =>
      tree({
        ...EIGHT,
        "proc/self/cgroup": "4:cpu,cpuacct:/a\n0::/\n",
        "proc/self/mountinfo": V1,
        "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us": quota,
        "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us": "50000\n",
      });
    expect(readAllowance(files("25000\n"))).toMatchObject({ cores: 0.5, quota: { quotaMs: 25, periodMs: 50, group: "/a" } });
    expect(readAllowance(files("-1\n")).limits).toBeNull();
  });

  test("of groups in groups the smallest quota counts, wherever it stands, and in both versions", () => {
    const nested = (outer: string, inner: string) =>
      tree({
        ...EIGHT,
        "proc/self/cgroup": "0::/kube/pod/one\n4:cpu:/\n",
        "proc/self/mountinfo": V2 + V1,
        "sys/fs/cgroup/kube/cpu.max": `${outer}\n`,
        "sys/fs/cgroup/kube/pod/one/cpu.max": `${inner}\n`,
        "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "600000",
        "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
      });
    expect(readAllowance(nested("200000 100000", "400000 100000")).quota).toMatchObject({ quotaMs: 200, group: "/kube" });
    expect(readAllowance(nested("max 100000", "40000 20000")).quota).toEqual({ quotaMs: 40, periodMs: 20, group: "/kube/pod/one" });
    expect(readAllowance(nested("max", "max")).quota).toMatchObject({ quotaMs: 600, group: "/" });
  });

  test("a container sees its own group at the mount's root, and may be told of it by a path it cannot see", () => {
    const mount = "36 25 0:29 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n";
    for (const path of ["/docker/abc", "/", "/../elsewhere"]) {
      const root = tree({
        ...EIGHT,
        "proc/self/cgroup": `4:cpu:${path}\n`,
        "proc/self/mountinfo": mount,
        "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "300000",
        "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
      });
      expect(readAllowance(root).quota).toEqual({ quotaMs: 300, periodMs: 100, group: "/docker/abc" });
    }
  });

  test("is the cores that affinity and cpusets leave it, by number; those that are not there are none", () => {
    const pinned = (list: string) => readAllowance(tree({ ...EIGHT, "proc/self/status": `Cpus_allowed_list:\t${list}\n` }));
    expect(pinned("2-3,7")).toMatchObject({ cores: 3, places: 3, limits: { machineCores: 8, cores: [2, 3, 7], quota: null } });
    expect(coresText(pinned("2-3,7"))).toBe("3 of 8 cores: affinity or a cpuset leaves cores 2-3,7");
    for (const cores of [
      [2, 3, 7],
      [7, 3, 2],
      [3, 7, 2],
      [2, 7, 3],
    ])
      expect(coresText({ cores: 3, limits: { machineCores: 8, cores, quota: null } })).toEndWith("leaves cores 2-3,7");
    expect(pinned("0-127").limits).toBeNull();
    expect(pinned("64-65").cores).toBe(2);
  });

  test("a quota of more than the cores that are left limits nothing", () => {
    const root = tree({
      ...EIGHT,
      "proc/self/status": "Cpus_allowed_list:\t0-1\n",
      "proc/self/cgroup": "0::/a\n",
      "proc/self/mountinfo": V2,
      "sys/fs/cgroup/a/cpu.max": "400000 100000",
    });
    expect(readAllowance(root)).toMatchObject({ cores: 2, quota: null, limits: { cores: [0, 1], quota: null } });
  });

  test("where there is no such file it is what the system says", () => {
    expect(readAllowance(tree({})).cores).toBeGreaterThanOrEqual(1);
    expect(readAllowance(join(tmpdir(), "no such folder")).limits?.quota ?? null).toBeNull();
  });

  test("names with escapes, spaces and colons, as the system writes them", () => {
    const root = tree({
      ...EIGHT,
      "proc/self/cgroup": "0::/a b:c/\u001b[31m\n",
      "proc/self/mountinfo": "29 23 0:26 / /sys/fs/c\\040group rw - cgroup2 cgroup2 rw\n",
      "sys/fs/c group/a b:c/\u001b[31m/cpu.max": "100000 100000",
    });
    expect(coresText(readAllowance(root))).toBe("1 of 8 cores: quota 100 ms per 100 ms of cgroup /a b:c/\\x1b[31m");
  });

  test("whatever stands in the files it is a number of cores that there are, in no time", () => {
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom("0-99999999", "0-", "-1", "max", "0 0", "1e9 5", "5 -5", "9".repeat(400), "0::/../../..", "NaN"),
    );
    const files = fc.record({ cgroup: text, mounts: text, status: text, online: text, max: text, quota: text, period: text });
    fc.assert(
      fc.property(files, ({ cgroup, mounts, status, online, max, quota, period }) => {
        const root = tree({
          "proc/self/cgroup": `0::/a\n4:cpu:/b\n${cgroup}`,
          "proc/self/mountinfo": `${V2}${V1}${mounts}`,
          "proc/self/status": `Cpus_allowed_list:\t${status}`,
          "sys/devices/system/cpu/online": online,
          "sys/fs/cgroup/a/cpu.max": max,
          "sys/fs/cgroup/cpu,cpuacct/b/cpu.cfs_quota_us": quota,
          "sys/fs/cgroup/cpu,cpuacct/b/cpu.cfs_period_us": period,
        });
        const allowance = readAllowance(root);
        expect(allowance.cores).toBeGreaterThan(0);
        expect(allowance.cores).toBeLessThanOrEqual(allowance.places);
        expect(Number.isInteger(threadsFor(allowance))).toBe(true);
        rmSync(root, { recursive: true });
      }),
      { numRuns: rounds(60) },
    );
  });

  test("lists of cores", () => {
    expect(parseCpuList("0-2,8\n")).toEqual([0, 1, 2, 8]);
    for (const none of ["", "a", "0-", "1,,2", "0-900000", "3 4"]) expect(parseCpuList(none)).toBeNull();
  });
});

describe("what quotas keep from cores", () => {
  const root = tree({
    "proc/self/cgroup": "0::/kube/one\n4:cpu:/b\n",
    "proc/self/mountinfo": V2 + V1,
    "sys/fs/cgroup/kube/one/cpu.stat": `usage_usec 7\n${stat(20, 2)}`,
    "sys/fs/cgroup/kube/cpu.stat": "usage_usec 7\n",
    "sys/fs/cgroup/cpu,cpuacct/b/cpu.stat": stat(30, 1),
  });

  test("is told of each group that tells of it", () => {
    const meter = new ThrottleMeter(root);
    expect(meter.read()).toEqual([
      { group: "/kube/one", throttledMs: 20 },
      { group: "/b", throttledMs: 30 },
    ]);
    writeFileSync(join(root, "sys/fs/cgroup/kube/one/cpu.stat"), stat(45, 2));
    expect(meter.read()?.[0]?.throttledMs).toBe(45);
  });

  test("is not known where no group tells", () => {
    expect(new ThrottleMeter(tree({ "proc/self/cgroup": "0::/\n", "proc/self/mountinfo": V2 })).read()).toBeNull();
    expect(cpuGroups(tree({}))).toEqual([]);
  });
});

describe("cores of a case", () => {
  const cores = [0, 1, 4, 5].map((core) => ({ core, utilization: 0.5 }));

  test("are those it might run on, or what a quota pays for", () => {
    expect(coresFor({ cores })).toBe(4);
    expect(coresFor({ cores, limits: { machineCores: 4, cores: [4, 5], quota: null } })).toBe(2);
    expect(coresFor({ cores, limits: { machineCores: 4, cores: null, quota: { quotaMs: 150, periodMs: 100, group: "/" } } })).toBe(1.5);
  });

  test("are all that are shown where a container numbers them anew", () => {
    expect(coresFor({ cores: cores.slice(0, 2), limits: { machineCores: 8, cores: [6, 7], quota: null } })).toBe(2);
  });
});
