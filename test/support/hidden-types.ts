import ts from "typescript";
import { published, publishedEntries } from "./options.js";
import { declared, importedFrom, isOurs, membersOfType } from "./surface.js";

/** An app adds its types to `Register` of `latchkey`, where it is declared and which every entry's declarations load. */
const ofLatchkeyAlone: ReadonlySet<string> = new Set(["Register"]);

/** The types and values that a part of a declaration names. */
function namesIn(node: ts.Node): readonly ts.Node[] {
  const inner: ts.Node[] = [];
  ts.forEachChild(node, (child) => void inner.push(...namesIn(child)));
  if (ts.isTypeReferenceNode(node)) return [node.typeName, ...inner];
  if (ts.isTypeQueryNode(node)) return [node.exprName, ...inner];
  return inner;
}

/** The parts of a declaration that a user reads. The types that an interface extends are no such part: the members of those are. */
function signaturesOf(node: ts.Node): readonly ts.Node[] {
  if (!ts.isInterfaceDeclaration(node) && !ts.isClassDeclaration(node)) return [node];
  const { checker } = published();
  const symbol = node.name && checker.getSymbolAtLocation(node.name);
  const members = symbol ? membersOfType(checker.getDeclaredTypeOfSymbol(symbol)) : [];
  return [
    ...(node.typeParameters ?? []),
    ...node.members,
    ...members.flatMap(({ declarations = [] }) => declarations.filter(isOurs)),
  ];
}

/** The modules of other packages that an entry extends, such as that of Express's requests. */
const extensionsIn = (entry: string): readonly ts.Node[] =>
  published()
    .fileOf(entry)
    .statements.filter((each) => ts.isModuleDeclaration(each) && ts.isStringLiteral(each.name));

/**
 * The types of this package that the signatures of an entry name, and that the entry does not export: an app cannot write a
 * function of its own around them, and a compiler cannot write them into the app's declarations.
 */
function hiddenIn(entry: string): ReadonlySet<string> {
  const { checker, exportsOf } = published();
  const exported = exportsOf(entry).map(declared);
  const seen = new Set(exported);
  const hidden = new Set<string>();
  const visit = (node: ts.Node, reader: string): void => {
    for (const name of signaturesOf(node).flatMap(namesIn)) {
      const symbol = checker.getSymbolAtLocation(name);
      const target = symbol && declared(symbol);
      if (!target || target.flags & ts.SymbolFlags.TypeParameter || seen.has(target)) continue;
      seen.add(target);
      if (ofLatchkeyAlone.has(target.name)) continue;
      for (const declaration of target.declarations?.filter(isOurs) ?? []) {
        const text = target.name.replace(/\$\d+$/, "");
        hidden.add(`${text}, which ${reader} names`);
        visit(declaration, text);
      }
    }
  };
  for (const symbol of exported)
    for (const node of (symbol.declarations ?? []).filter(isOurs)) visit(node, symbol.name.replace(/\$\d+$/, ""));
  for (const node of extensionsIn(entry)) visit(node, "an extension of another package");
  return hidden;
}

/** The types that the signatures of each entry name and that the entry does not export. Entries without any are left out. */
export const hiddenTypes = (): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(
    publishedEntries
      .map((entry) => [importedFrom(entry), [...hiddenIn(entry)].sort()] as const)
      .filter(([, names]) => names.length > 0),
  );
