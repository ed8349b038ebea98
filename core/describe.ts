import { isObject } from "./is-object.js";

/**
 * Text for one line of a log, not longer than a provider's sentence: runs of blanks, and of characters that control (the end of a line,
 * the direction of writing) or stand for nothing (categories Z and C of Unicode), are one space.
 */
const toLine = (text: unknown): string =>
  `${text}`
    .replace("latchkey: ", "")
    .replace(/[\p{C}\p{Z}]+/gu, " ")
    .slice(0, 300);

/**
 * The cause of an error in words, for a log: the members of an object; of an Error only its message, its code and its own cause, since
 * the rest of it may hold a whole request. A provider chooses the names, the number and the depth of what it sends (L18): each member is
 * one line, and only some of them are read.
 */
export function describe(cause: unknown, depth = 5): string {
  if (!isObject(cause)) return toLine(cause);
  const { message, code, cause: because } = cause;
  return Object.entries(message === undefined ? cause : { "": message, code, because })
    .slice(0, 9)
    .flatMap(([name, value]) => (value && depth ? toLine(`${name} ${describe(value, depth - 1)}`.trim()) : []))
    .join(", ");
}
