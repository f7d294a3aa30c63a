import { relative, resolve } from "node:path";
import {
  isClassDeclaration,
  isConstructorDeclaration,
  isFunctionLikeDeclaration,
  isIdentifier,
  isPropertyDeclaration,
  isVariableStatement,
  type Node,
  type SourceFile,
  SyntaxKind,
} from "typescript/unstable/ast";
import { API } from "typescript/unstable/async";

const ROOT = resolve(import.meta.dir, "../..");

/** What stands in one source file, as the compiler's parser reads it. Paths are relative to the checkout. */
export interface FileOutline {
  readonly file: string;
  readonly lines: number;
  /** Functions with a body. `lines` from the first of the head to the last of the body. */
  readonly functions: readonly { readonly at: string; readonly lines: number }[];
  /** Declared fields and those that the constructor's parameters declare; static ones do not count. */
  readonly classes: readonly { readonly name: string; readonly fields: number }[];
  /** Names that are exported where they are defined. What is passed on from another file is not among them. */
  readonly exports: readonly string[];
}

/** Reads every file that the checkout's `tsconfig.json` names and that begins with `folder`, such as `src/`. */
export async function outlineOf(folder: string): Promise<FileOutline[]> {
  const api = new API({ cwd: ROOT });
  try {
    const snapshot = await api.updateSnapshot({ openProjects: [resolve(ROOT, "tsconfig.json")] });
    const program = snapshot.getProjects()[0]?.program;
    if (program === undefined) throw new Error("tsconfig.json names no project");
    const paths = (await program.getSourceFileNames()).filter((path) => inside(path, folder));
    const files = await Promise.all(paths.map((path) => program.getSourceFile(path)));
    return files.flatMap((file) => (file === undefined ? [] : [outline(file)]));
  } finally {
    await api.close();
  }
}

function inside(path: string, folder: string): boolean {
  return relative(ROOT, path).startsWith(folder) && !path.endsWith(".d.ts");
}

function outline(source: SourceFile): FileOutline {
  const file = relative(ROOT, source.fileName);
  const functions: { at: string; lines: number }[] = [];
  const classes: { name: string; fields: number }[] = [];
  const lineAt = (position: number): number => source.getLineAndCharacterOfPosition(position).line + 1;
  const visit = (node: Node): void => {
    if (isFunctionLikeDeclaration(node) && "body" in node && node.body !== undefined) {
      const first = lineAt(node.getStart(source));
      functions.push({ at: `${file}:${first}`, lines: lineAt(node.end) - first + 1 });
    }
    if (isClassDeclaration(node)) classes.push({ name: `${file} ${node.name?.text ?? "class"}`, fields: fieldsOf(node.members) });
    node.forEachChild(visit);
  };
  visit(source);
  return { file, lines: source.text.split("\n").length - 1, functions, classes, exports: source.statements.flatMap(exportedNames) };
}

function fieldsOf(members: Iterable<Node>): number {
  let fields = 0;
  for (const member of members) {
    if (isPropertyDeclaration(member) && !has(member, SyntaxKind.StaticKeyword)) fields += 1;
    if (isConstructorDeclaration(member)) for (const parameter of member.parameters) if (modifiersOf(parameter).length > 0) fields += 1;
  }
  return fields;
}

function exportedNames(statement: Node): string[] {
  if (!has(statement, SyntaxKind.ExportKeyword)) return [];
  if (isVariableStatement(statement))
    return statement.declarationList.declarations.flatMap(({ name }) => (isIdentifier(name) ? [name.text] : []));
  const name: unknown = "name" in statement ? statement.name : undefined;
  return isNamed(name) ? [name.text] : [];
}

function isNamed(name: unknown): name is { readonly text: string } {
  return typeof name === "object" && name !== null && "text" in name && typeof name.text === "string";
}

function modifiersOf(node: Node): readonly Node[] {
  const modifiers: unknown = "modifiers" in node ? node.modifiers : undefined;
  return Array.isArray(modifiers) ? modifiers : [];
}

function has(node: Node, kind: SyntaxKind): boolean {
  return modifiersOf(node).some((modifier) => modifier.kind === kind);
}
