import { isObject } from "./is-object.js";

/** Text for one line of a log: no control characters, and not longer than a provider's sentence. */
const toLine = (text: unknown): string =>
  `${text}`
    .replace("latchkey: ", "")
    .replace(/[^ -~\u00a1-\uffff]+/g, " ")
    .slice(0, 300);

/**
 * The cause of an error in words, for a log: the members of an object; of an Error only its message, its code and its own cause, since
 * the rest of it may hold a whole request.
 */
export function describe(cause: unknown): string {
  if (!isObject(cause)) return toLine(cause);
  const { message, code, cause: because } = cause;
  return Object.entries(message === undefined ? cause : { "": message, code, because })
    .flatMap(([name, value]) => (value ? `${name} ${describe(value)}`.trim() : []))
    .join(", ");
}
