import { documentAt } from "./documents.js";

/** The limits of `.size-limit.js` by name, in kB. */
const limits = new Map(
  [...documentAt(".size-limit.js").matchAll(/name: "(.+)",[\s\S]*?limit: "([\d.]+) kB"/g)].map(([, name, limit]) => [
    name,
    Number(limit),
  ]),
);

/** What the page calls each line of `.size-limit.js`. */
const NAMES: Readonly<Record<string, string>> = {
  "latchkey: sessions alone": "sessions alone (`latchkey`)",
  "latchkey/express: sign-in, and all it needs": "sign-in on Express",
  "latchkey/edge: sign-in, and all it needs": "sign-in on the edge",
  "latchkey/next: sign-in, and all it needs but Next": "sign-in in Next.js",
  "latchkey/express: verifyAccessToken alone": "an API on Express that only verifies access tokens",
  "latchkey/edge: verifyAccessToken alone": "the same API on the edge",
  "latchkey/react: everything with the browser client": "a page that signs in by itself, with React's hooks",
  "latchkey/react: useSession alone": "a page that reads its server's session (`useSession`)",
};

/** The limit of a line of `.size-limit.js`, in kB with one decimal: the size is no larger. */
export function sizeOf(name: string): string {
  const limit = limits.get(name);
  if (!limit) throw new Error(`.size-limit.js has no ${name}`);
  return `${(Math.ceil(limit * 10) / 10).toFixed(1)} kB`;
}

/** The table of sizes, from the limits that `npm run check` holds. */
export const drawSizes = (): string =>
  ["| import | at most |", "| --- | ---: |"]
    .concat(Object.entries(NAMES).map(([name, shown]) => `| ${shown} | ${sizeOf(name)} |`))
    .join("\n");
