/** What depends on what, by name. */
export type Dependencies = ReadonlyMap<string, readonly string[]>;

/** The names so that each comes after all it depends on, else as they were given. Throws, naming them, for a circle or a name that is not there. */
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
