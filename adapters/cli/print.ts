import type { Terminal } from "./command.js";

/** Functions that colour text, where the terminal may have colours. */
export function paintFor({ hasColour }: Pick<Terminal, "hasColour">) {
  const paint = (code: number) => (text: string) => (hasColour ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { green: paint(32), yellow: paint(33), red: paint(31), bold: paint(1), dim: paint(2) };
}

/** `1 warning`, `2 warnings` */
export const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`;
