import ts from "typescript";
import { published } from "./options.js";
import { commentOf, membersOfType, publicNames } from "./surface.js";

/** Types whose members are options: the first argument of a public function, or the props of a component. */
const isOptions = (name: string): boolean => /(Options|Settings|Props|TokenRequest)$/.test(name);

const tagsOf = (symbol: ts.Symbol): readonly string[] =>
  symbol.getJsDocTags(published().checker).map(({ name }) => name);

/** Options whose docstring says too little, each with what is missing. */
export function incompleteOptions(): readonly string[] {
  const { checker } = published();
  const faults = new Set<string>();
  for (const { name, symbol } of publicNames().filter((each) => isOptions(each.name))) {
    for (const option of membersOfType(checker.getDeclaredTypeOfSymbol(symbol))) {
      const comment = commentOf(option);
      const isOptional = (option.flags & ts.SymbolFlags.Optional) !== 0;
      const isComplete = isOptional
        ? tagsOf(option).includes("default") || /\bRequired\b/.test(comment)
        : /\bRequired\b/.test(comment);
      if (option.name === "children") continue;
      if (!comment && !tagsOf(option).includes("default")) faults.add(`${name}.${option.name}: no docstring`);
      else if (!isComplete) faults.add(`${name}.${option.name}: neither @default nor "Required"`);
    }
  }
  return [...faults].sort();
}

/** Public functions and components, with the examples of their docstrings. Functions of several entries come once. */
export function publicFunctions(): ReadonlyMap<string, readonly string[]> {
  const { checker } = published();
  const functions = new Map<string, readonly string[]>();
  const seen = new Set<ts.Symbol>();
  for (const { name, from, symbol } of publicNames()) {
    const [declaration] = symbol.declarations ?? [];
    if (!declaration || seen.has(symbol) || !(symbol.flags & (ts.SymbolFlags.Function | ts.SymbolFlags.Variable)))
      continue;
    seen.add(symbol);
    if (checker.getTypeOfSymbolAtLocation(symbol, declaration).getCallSignatures().length === 0) continue;
    const examples = symbol
      .getJsDocTags(checker)
      .filter((tag) => tag.name === "example")
      .map((tag) => /```tsx?\n([\s\S]*?)```/.exec(ts.displayPartsToString(tag.text))?.[1] ?? "");
    functions.set(`${from} ${name}`, examples);
  }
  return functions;
}
