import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** A source file of the package: its path from the root, and its syntax tree. */
export interface Source {
  readonly path: string;
  readonly tree: ts.SourceFile;
}

/** A source file of this text. */
export const sourceOf = (path: string, text: string): Source => ({
  path,
  tree: ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true),
});

/** All TypeScript files below these folders. */
export const sourcesIn = (...folders: string[]): Source[] =>
  folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.tsx?$/.test(name))
      .map((name) => posix.join(folder, name.replaceAll("\\", "/")))
      .map((path) => sourceOf(path, readFileSync(join(root, path), "utf8"))),
  );

/** The relative modules that a file imports, of types or of values, as paths from the root. */
function importsOf({ path, tree }: Source): string[] {
  const names: string[] = [];
  const visit = (node: ts.Node): void => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier)
      names.push((node.moduleSpecifier as ts.StringLiteral).text);
    // `import("./x.js").X`, the type and the call.
    if (ts.isImportTypeNode(node)) names.push(node.argument.getText(tree).slice(1, -1));
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      names.push(node.arguments[0]?.getText(tree).slice(1, -1) ?? "");
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return names.filter((name) => name.startsWith(".")).map((name) => posix.join(dirname(path), name));
}

/** Groups of files that import each other in a circle (strongly connected components, by Tarjan). */
export function circlesIn(sources: readonly Source[]): string[][] {
  const withoutExtension = (path: string) => path.replace(/(\.d)?\.[cm]?[jt]sx?$/, "");
  const graph = new Map(
    sources.map((source) => [withoutExtension(source.path), importsOf(source).map(withoutExtension)]),
  );
  const index = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const circles: string[][] = [];
  const visit = (path: string): number => {
    const at = index.size;
    index.set(path, at);
    lowest.set(path, at);
    stack.push(path);
    for (const next of graph.get(path) ?? []) {
      if (!graph.has(next)) continue;
      const reached = index.has(next) ? (stack.includes(next) ? (index.get(next) as number) : at) : visit(next);
      lowest.set(path, Math.min(lowest.get(path) as number, reached));
    }
    if (lowest.get(path) === at) {
      const circle = stack.splice(stack.indexOf(path));
      if (circle.length > 1 || graph.get(path)?.includes(path)) circles.push(circle.sort());
    }
    return lowest.get(path) as number;
  };
  for (const path of graph.keys()) if (!index.has(path)) visit(path);
  return circles;
}

/** Functions with more than this number of lines, as `path:line name (lines)`. */
export function longFunctionsIn({ path, tree }: Source, limit: number): string[] {
  const found: string[] = [];
  const lineOf = (position: number) => tree.getLineAndCharacterOfPosition(position).line + 1;
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && "body" in node && node.body) {
      const [first, last] = [lineOf(node.getStart(tree)), lineOf(node.getEnd())];
      const { parent } = node;
      const name = node.name ?? (ts.isVariableDeclaration(parent) ? parent.name : undefined);
      if (last - first + 1 > limit) found.push(`${path}:${first} ${name?.getText(tree) ?? "()"} (${last - first + 1})`);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

/** The places where a type is forced in two steps (`as unknown as`), as `path:line`. */
export function forcedTypesIn({ path, tree }: Source): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isAsExpression(node) && ts.isAsExpression(node.expression)) {
      const { kind } = node.expression.type;
      if (kind === ts.SyntaxKind.UnknownKeyword || kind === ts.SyntaxKind.AnyKeyword)
        found.push(`${path}:${tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}
