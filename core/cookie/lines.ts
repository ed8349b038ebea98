import { readCookies, trimBlanks } from "./header.js";

/** The name of the cookie that a Set-Cookie line sets or deletes. */
export const cookieNameOf = (line: string): string => line.slice(0, line.indexOf("="));

/** The Set-Cookie lines of a response: the app's, but for names of ours, and ours, by name. */
export const mergeCookies = (app: readonly string[], ours: ReadonlyMap<string, string>): string[] => [
  ...app.filter((line) => !ours.has(cookieNameOf(line))),
  ...ours.values(),
];

/** The name in a line of ours, and the value that a browser holds under it from then on; undefined when the line deletes. */
export function cookieAfter(line: string): readonly [name: string, value: string | undefined] {
  const name = cookieNameOf(line);
  return [name, line.includes("; Max-Age=0;") ? undefined : line.slice(name.length + 1, line.indexOf(";"))];
}

/** What no name begins with: RFC 9110 5.6.2 lists the characters of a token. */
const NO_TOKEN = /^[^!#-'*+.^`|~\w-]+/;

/** Whether a lenient parser could find a name that begins with `prefix` in a part of a Cookie header: it may trim more than we do. */
export const looksLikeOurs = (part: string, prefix: string): boolean => part.replace(NO_TOKEN, "").startsWith(prefix);

/**
 * The Cookie header that a browser would send after lines of ours, for other readers of this request; "" when no cookie is
 * left. Cookies of others stay as they are. Under `prefix` it has what {@link readCookies} reads and the lines set, and
 * nothing else, so that no reader takes for ours what a sibling sub-domain may set beside the `__Host-` prefix (S36).
 *
 * `sent`: the Cookie header of the request, where a framework has printed `header` anew: cookies of ours that are in both
 * are spelled as they were sent.
 */
export function cookieHeaderAfter(
  header: string | null | undefined,
  lines: readonly string[],
  prefix: string,
  sent = header,
): string {
  const after = new Map(lines.map(cookieAfter));
  const ours = new Map<string, string[]>();
  for (const [name, value] of readCookies(sent, prefix)) {
    const pairs = ours.get(name) ?? [];
    pairs.push(`${name}=${value}`);
    if (!after.has(name)) ours.set(name, pairs);
  }
  const kept = (header ?? "").split(";").flatMap((part) => {
    if (!looksLikeOurs(part, prefix)) return trimBlanks(part);
    const [[name] = [""]] = readCookies(part, prefix);
    const pairs = ours.get(name) ?? [];
    // A name that was sent twice keeps both pairs, at the place of the first.
    ours.delete(name);
    return pairs;
  });
  const added = [...after].map(([name, value]) => value && `${name}=${value}`);
  return [...kept, ...added].filter(Boolean).join("; ");
}
