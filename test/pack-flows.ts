import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/**
 * `bun run pack:flows [FOLDER]`: writes `lab-tui/flows` as a tarball of its own, `lab-tui-flows`, from the same sources: for applications that
 * want the parts without the lab, and so without Ink and React. Prints the tarball's path.
 */
const root = join(import.meta.dir, "..");
const target = resolve(process.argv[2] ?? ".");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

function run(command: readonly string[], cwd = root): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, ...command], { cwd, stdout: "pipe", stderr: "pipe" });
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stdout}${stderr}`);
  return stdout.toString();
}

/** Packages that the built module imports, with the versions that the lab has of them. */
function dependenciesOf(file: string): Record<string, string> {
  const imports = new Bun.Transpiler({ loader: "js" }).scanImports(readFileSync(file, "utf8"));
  const names = new Set(imports.map(({ path }) => path).filter((path) => !/^(node|bun):/.test(path)));
  return Object.fromEntries([...names].map((name) => [name, manifest.dependencies[name] ?? neverListed(name)]));
}

function neverListed(name: string): never {
  throw new Error(`${name} is imported, and not among the dependencies`);
}

const folder = mkdtempSync(join(tmpdir(), "lab-tui-flows-"));
try {
  const dist = join(folder, "dist");
  mkdirSync(dist);
  run([join(root, "node_modules/typescript/bin/tsc"), "-p", join(root, "src/tsconfig.flows.json"), "--outDir", dist]);
  run(["build", "src/flows.ts", "--target=node", "--packages=external", `--outdir=${dist}`]);
  const { version, license, keywords, engines, peerDependencies, peerDependenciesMeta } = manifest;
  const otel = "@opentelemetry/api";
  const entry = { types: "./dist/flows.d.ts", default: "./dist/flows.js" };
  const own = {
    name: "lab-tui-flows",
    version,
    description: "Event bus, data pipelines, reactive streams, message queues and their orchestrator: the parts of lab-tui by themselves",
    keywords,
    license,
    type: "module",
    sideEffects: ["./dist/flows.js"],
    // `lab-tui/flows` too, for applications that install it under the name of the whole: "lab-tui": "npm:lab-tui-flows".
    exports: { ".": entry, "./flows": entry },
    files: ["dist"],
    engines: { ...engines, node: ">=22" },
    dependencies: dependenciesOf(join(dist, "flows.js")),
    peerDependencies: { [otel]: peerDependencies[otel] },
    peerDependenciesMeta: { [otel]: peerDependenciesMeta[otel] },
  };
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(own, null, 2)}\n`);
  for (const file of ["README.md", "LICENSE", "CHANGELOG.md"]) cpSync(join(root, file), join(folder, file));
  mkdirSync(target, { recursive: true });
  run(["pm", "pack", "--destination", target, "--ignore-scripts"], folder);
  console.log(join(target, `${own.name}-${version}.tgz`));
} finally {
  rmSync(folder, { recursive: true });
}
