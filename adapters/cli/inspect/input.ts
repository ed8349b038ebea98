/*
 * The Cookie header in what a person has at hand: the header itself, `cookie: ...` as developer tools show it, the output of `curl -v`,
 * a curl command that developer tools copied, or the Set-Cookie lines of a response.
 */

/** Characters that are read; no server takes a header as long. */
const MAX_INPUT = 1_000_000;

const COOKIE_LINE = /^[>\s]*(?:-H\s+\$?['"])?cookie:[ \t]*(.*)$/i;
const COOKIE_FLAG = /^\s*(?:-b|--cookie)[ \t]+\$?(['"])(.*)\1/;
const SET_COOKIE_LINE = /^[<\s]*set-cookie:[ \t]*([^;]*)/i;

/** The cookies of a text as one Cookie header. */
export function cookieHeaderIn(text: string): string {
  const lines = text.slice(0, MAX_INPUT).split(/\r?\n/);
  // The end of a line of a curl command: `' \`. The blanks before the backslash are optional only together with it, since two optional
  // runs of blanks would be tried in every division.
  const withoutQuote = (value: string) => value.replace(/['"](?:[ \t]*\\)?[ \t]*$/, "");
  const sent = lines.flatMap((line) => {
    const value = COOKIE_LINE.exec(line)?.[1] ?? COOKIE_FLAG.exec(line)?.[2];
    return value === undefined ? [] : [withoutQuote(value)];
  });
  if (sent.length > 0) return sent.join("; ");
  const set = lines.flatMap((line) => SET_COOKIE_LINE.exec(line)?.[1] ?? []);
  return (set.length > 0 ? set : lines).join("; ").trim();
}
