import { readCookies, trimBlanks } from "./header.js";

/** The name of the cookie that a Set-Cookie line sets or deletes. */
export const cookieNameOf = (line: string): string => line.slice(0, line.indexOf("="));

/** The Set-Cookie lines of a response: the lines of the app, without those whose names are in `lines`, and `lines`, by name. */
export const mergeCookies = (app: readonly string[], lines: ReadonlyMap<string, string>): string[] => [
  ...app.filter((line) => !lines.has(cookieNameOf(line))),
  ...lines.values(),
];

/** The name in a Set-Cookie line, and the value that the browser then holds; undefined when the line deletes the cookie. */
export function cookieAfter(line: string): readonly [name: string, value: string | undefined] {
  const name = cookieNameOf(line);
  return [name, line.includes("; Max-Age=0;") ? undefined : line.slice(name.length + 1, line.indexOf(";"))];
}

/** Characters that no cookie name begins with: RFC 9110 5.6.2 lists those of a token. */
const NO_TOKEN = /^[^!#-'*+.^`|~\w-]+/;

/** Whether a lenient parser, which trims other blanks too, could find a name with `prefix` in a part of a Cookie header. */
export const mayHavePrefix = (part: string, prefix: string): boolean => part.replace(NO_TOKEN, "").startsWith(prefix);

/**
 * The Cookie header that the browser would send after these Set-Cookie lines, for code that reads this request later; ""
 * without any cookie. Cookies of other names stay as they are. With `prefix` the header has only what {@link readCookies}
 * reads and what the lines set, so that no later reader finds a cookie that a sibling sub-domain set in spite of `__Host-`
 * (S36).
 *
 * `sent`: the Cookie header as the browser sent it, if a framework has written `header` anew; cookies with `prefix` that are
 * in both are spelled as in `sent`.
 */
export function cookieHeaderAfter(
  header: string | null | undefined,
  lines: readonly string[],
  prefix: string,
  sent = header,
): string {
  const after = new Map(lines.map(cookieAfter));
  const pairsByName = new Map<string, string[]>();
  for (const [name, value] of readCookies(sent, prefix)) {
    const pairs = pairsByName.get(name) ?? [];
    pairs.push(`${name}=${value}`);
    if (!after.has(name)) pairsByName.set(name, pairs);
  }
  const others = (header ?? "").split(";").flatMap((part) => {
    if (!mayHavePrefix(part, prefix)) return trimBlanks(part);
    const [[name] = [""]] = readCookies(part, prefix);
    const pairs = pairsByName.get(name) ?? [];
    // A name that was sent twice keeps both pairs, at the place of the first.
    pairsByName.delete(name);
    return pairs;
  });
  const added = [...after].map(([name, value]) => value && `${name}=${value}`);
  return [...others, ...added].filter(Boolean).join("; ");
}
