/** Dependencies of each part, by name. */
export type Dependencies = ReadonlyMap<string, readonly string[]>;

/**
 * Names in an order in which each comes after its dependencies, else as given. Throws, naming them, when dependencies are cyclic or
 * missing.
 */
export function startOrder(dependencies: Dependencies): string[] {
  const order: string[] = [];
  const done = new Set<string>();
  const visit = (name: string, path: readonly string[]) => {
    if (done.has(name)) return;
    if (path.includes(name))
      throw new Error(`parts depend on each other in a circle: ${[...path.slice(path.indexOf(name)), name].join(" → ")}`);
    for (const other of dependencies.get(name) ?? []) {
      if (!dependencies.has(other)) throw new Error(`${name} depends on ${other}, which is not registered`);
      visit(other, [...path, name]);
    }
    done.add(name);
    order.push(name);
  };
  for (const name of dependencies.keys()) visit(name, []);
  return order;
}
