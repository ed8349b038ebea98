import { join } from "node:path";
import ts from "typescript";
import { root } from "./documents.js";
import { published, publishedEntries } from "./options.js";

/** An exported name, and the declarations that it stands for. */
export interface PublicName {
  readonly name: string;
  /** As an app imports it: `latchkey/express`. */
  readonly from: string;
  readonly symbol: ts.Symbol;
}

export const importedFrom = (entry: string): string => (entry === "index" ? "latchkey" : `latchkey/${entry}`);

/** Follows imports and re-exports to the symbol that is declared. */
export function declared(symbol: ts.Symbol): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? published().checker.getAliasedSymbol(symbol) : symbol;
}

/** All names that the entries export, in the order of their names. */
export const publicNames = (): readonly PublicName[] =>
  publishedEntries.flatMap((entry) =>
    published()
      .exportsOf(entry)
      .map((symbol) => ({ name: symbol.name, from: importedFrom(entry), symbol: declared(symbol) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  );

/** Whether this package declares it. */
export const isOurs = (node: ts.Node): boolean => node.getSourceFile().fileName.startsWith(join(root, "dist/"));

const printer = ts.createPrinter({ removeComments: true });

/** A declaration on one line, without comments and without the numbers that a bundler puts behind names (`Auth$1`). */
const textOf = (node: ts.Node): string =>
  printer
    .printNode(ts.EmitHint.Unspecified, node, node.getSourceFile())
    .replace(/^(export )?declare /, "")
    .replace(/\$\d+\b/g, "")
    .replace(/\s+/g, " ");

/** The default and the variable of an option, from its docstring. */
function factsOf(symbol: ts.Symbol): string {
  const { checker } = published();
  const tag = symbol.getJsDocTags(checker).find(({ name }) => name === "default");
  const [, variable] = /Variable: `(LATCHKEY_\w+)`/.exec(commentOf(symbol)) ?? [];
  const facts = [
    tag && `default: ${ts.displayPartsToString(tag.text).replace(/\s+/g, " ")}`,
    variable && `variable: ${variable}`,
  ].filter(Boolean);
  return facts.length > 0 ? ` // ${facts.join("; ")}` : "";
}

/** The text of a docstring, without its tags. */
export const commentOf = (symbol: ts.Symbol): string =>
  ts.displayPartsToString(symbol.getDocumentationComment(published().checker));

type Container = ts.InterfaceDeclaration | ts.ClassDeclaration | ts.TypeAliasDeclaration;
const isContainer = (node: ts.Node): node is Container =>
  ts.isInterfaceDeclaration(node) || ts.isClassDeclaration(node) || ts.isTypeAliasDeclaration(node);

/** The members of a type that are declared in this package, in the order of their names. */
export function membersOfType(type: ts.Type): readonly ts.Symbol[] {
  const isOwn = ({ declarations = [] }: ts.Symbol) => declarations.some(isOurs);
  return published()
    .checker.getPropertiesOfType(type)
    .filter((member) => isOwn(member) && !member.name.startsWith("__@"))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

const linesOfMember = (member: ts.Symbol): readonly string[] =>
  (member.declarations ?? []).filter(isOurs).map((node) => `  ${textOf(node)}${factsOf(member)}`);

/** The head of a type: its name with its type parameters and, for a class, the class that it extends. */
function headOf(node: Container, name: string): string {
  const parameters = node.typeParameters?.map(textOf).join(", ");
  const base = ts.isClassDeclaration(node) ? (node.heritageClauses ?? []).map(textOf).join(" ").trim() : "";
  const kind = ts.isClassDeclaration(node) ? "class" : "type";
  return `${kind} ${name}${parameters ? `<${parameters}>` : ""}${base && ` ${base}`}`;
}

/** Types that other types extend, or pick from, are spelt out member by member; all others are printed as declared. */
function drawType(node: Container, { name, symbol }: PublicName): readonly string[] {
  const { checker } = published();
  const type = checker.getDeclaredTypeOfSymbol(symbol);
  const isObject = !type.isUnion() && type.getCallSignatures().length === 0;
  const members = isObject ? membersOfType(type) : [];
  if (members.length === 0) return [textOf(node)];
  const constructors = ts.isClassDeclaration(node) ? node.members.filter(ts.isConstructorDeclaration) : [];
  return [
    `${headOf(node, name)} {`,
    ...constructors.map((member) => `  ${textOf(member)}`),
    ...members.flatMap(linesOfMember),
    "}",
  ];
}

const draw = (exported: PublicName): readonly string[] =>
  (exported.symbol.declarations ?? []).flatMap((node) => {
    if (isContainer(node)) return drawType(node, exported);
    return [ts.isVariableDeclaration(node) ? `const ${textOf(node)};` : textOf(node)];
  });

/** The public surface of every entry, as Markdown. A name that several entries export is spelt out in the first. */
export function drawSurface(): string {
  const shown = new Map<ts.Symbol, string>();
  const names = publicNames();
  const parts = publishedEntries.map(importedFrom).map((from) => {
    const lines = names.flatMap((each) => {
      if (each.from !== from) return [];
      const first = shown.get(each.symbol);
      if (first) return [`// ${each.name}: as in ${first}`];
      shown.set(each.symbol, from);
      return draw(each);
    });
    return `## ${from}\n\n\`\`\`ts\n${lines.join("\n")}\n\`\`\`\n`;
  });
  return [
    "# The public surface\n",
    "Drawn from the declarations of the build by `npm run surface`; a test compares. Run it only when you change the surface on purpose.\n",
    ...parts,
  ].join("\n");
}
