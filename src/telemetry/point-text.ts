import { listed } from "../kernel/wording.ts";
import { valueText } from "./params.ts";
import { variedFields } from "./points.ts";
import type { CaseResult } from "./result.ts";

/** Describes points of a sweep in as few words as identify them exactly. */

/** A dimension in which points differ: the mode, or a swept field with its values in the order of the sweep. */
interface Dimension {
  readonly name: string;
  readonly values: readonly string[];
  readonly of: (one: CaseResult) => string;
}

/** All combinations of some values of each dimension. */
type Block = ReadonlyMap<Dimension, readonly string[]>;

/** "batch.size 10, any batch.timeout; batch.timeout 1ms, batch.size 50 to 500": names these points among all of the sweep. */
export function pointsText(points: readonly CaseResult[], among: readonly CaseResult[]): string {
  const dimensions = dimensionsOf(among);
  return blocksOf(points, dimensions)
    .map((block) => blockText(block, dimensions))
    .join("; ");
}

function dimensionsOf(cases: readonly CaseResult[]): Dimension[] {
  const dimension = (name: string, of: Dimension["of"]) => ({ name, of, values: [...new Set(cases.map(of))] });
  const fields = variedFields(cases).map((field) => dimension(field, ({ params }) => valueText(params[field])));
  const mode = dimension("mode", (one) => one.mode);
  return mode.values.length > 1 ? [mode, ...fields] : fields;
}

/** A few blocks that cover all the points: cut by the dimension that leaves fewest. */
function blocksOf(points: readonly CaseResult[], dimensions: readonly Dimension[]): Block[] {
  if (dimensions.length === 0) return [new Map()];
  return dimensions.map((head) => cutBy(head, points, dimensions)).reduce((best, cut) => (cut.length < best.length ? cut : best));
}

/** Values of one dimension that share the blocks of the others form one block. */
function cutBy(head: Dimension, points: readonly CaseResult[], dimensions: readonly Dimension[]): Block[] {
  const others = dimensions.filter((other) => other !== head);
  const cuts = head.values.flatMap((value) => {
    const there = points.filter((one) => head.of(one) === value);
    return there.length === 0 ? [] : [{ value, blocks: blocksOf(there, others) }];
  });
  const same = Map.groupBy(cuts, ({ blocks }) => blocks.map((block) => blockText(block, others)).join("; "));
  return [...same.values()].flatMap((alike) => {
    const values = alike.map(({ value }) => value);
    return (alike[0]?.blocks ?? []).map((block): Block => new Map([[head, values], ...block]));
  });
}

/** Lists of several values come last, to keep apart what belongs to them; the rest in the order of the scenario. */
function blockText(block: Block, dimensions: readonly Dimension[]): string {
  const of = (dimension: Dimension) => block.get(dimension) ?? [];
  const isList = (dimension: Dimension) => of(dimension).length > 1 && of(dimension).length < dimension.values.length;
  const named = (some: readonly Dimension[]) => some.filter((one) => of(one).length > 0).map((one) => valuesNamed(one, of(one)));
  const lists = named(dimensions.filter(isList)).join(" with ");
  return [...named(dimensions.filter((one) => !isList(one))), ...(lists === "" ? [] : [lists])].join(", ");
}

/** All values are "any"; three or more consecutive ones are "from … to". */
function valuesNamed({ name, values: all }: Dimension, values: readonly string[]): string {
  if (values.length === all.length) return `any ${name}`;
  const at = all.indexOf(values[0] ?? "");
  const row = values.length > 2 && values.every((value, i) => value === all[at + i]);
  const told = row ? `${values[0]} to ${values.at(-1)}` : listed(values);
  return name === "mode" ? told : `${name} ${told}`;
}
