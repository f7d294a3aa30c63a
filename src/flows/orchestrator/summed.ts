import type { PartStats } from "../part.ts";

/** Figures of which the greatest counts when members are summed up: times, and what a single member is at. */
const GREATEST = /(Ms|At)$|^(mean|p\d)/;

/**
 * Members of a list by name, in the order of their first: those of one name, such as the sockets of a stream, are one member with the sums
 * of their figures, and `members` says how many they are.
 */
export function summedMembers(list: readonly PartStats[]): PartStats[] {
  const byName = new Map<string, PartStats[]>();
  for (const [i, member] of list.entries()) {
    const name = String(member["name"] ?? i);
    byName.set(name, [...(byName.get(name) ?? []), { ...member, name }]);
  }
  return [...byName.values()].map((members) => (members.length === 1 ? (members[0] as PartStats) : sumOf(members)));
}

function sumOf(members: readonly PartStats[]): PartStats {
  const sum: Record<string, PartStats[string]> = { members: members.length };
  for (const member of members) {
    for (const [figure, value] of Object.entries(member)) {
      const before = sum[figure];
      if (typeof value !== "number" || typeof before !== "number") sum[figure] = before ?? value;
      else sum[figure] = GREATEST.test(figure) ? Math.max(before, value) : before + value;
    }
  }
  return sum;
}

/** Figures of a part with the members of its lists summed up by name. */
export function summedStats(stats: PartStats): PartStats {
  const members = ([figure, value]: [string, PartStats[string]]) =>
    [figure, Array.isArray(value) ? summedMembers(value as readonly PartStats[]) : value] as const;
  return Object.fromEntries(Object.entries(stats).map(members));
}
