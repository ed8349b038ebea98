/** The number of letters to add, drop or change that turns one text into another. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (let at = 1; at <= to.length; at++) {
      const changed = row[at - 1]! + (letter === to[at - 1] ? 0 : 1);
      next.push(Math.min(changed, row[at]! + 1, next[at - 1]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}

/** The name that is most like `text`; undefined when none is like it. */
export function nearest(text: string, names: readonly string[]): string | undefined {
  // A client may send a text of any length, and names are short.
  const [best] = names
    .map((name) => ({ name, far: distance(text.slice(0, 50).toLowerCase(), name.toLowerCase()) }))
    .sort((left, right) => left.far - right.far);
  return best && best.far <= Math.max(2, best.name.length / 3) ? best.name : undefined;
}
