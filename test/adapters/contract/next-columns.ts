import type { Column } from "./columns.js";

/** A column whose app is built by Next. `test/next/contract.test.ts` runs it with each version of Next. */
export interface NextColumn extends Omit<Column, "framework"> {
  /** The part of Next that handles the requests: sent to the test app in a header. */
  readonly part: "app" | "pages" | "proxy";
}

const stripsHeader = {
  "a router's data request does not start a sign-in":
    "Next removes the `x-nextjs-data` header from requests that its own router did not send",
};

const takesUpgrades = {
  "a protocol upgrade request refreshes and writes nothing, and the session stays":
    "Next's server handles protocol upgrades itself, and sends no response",
};

const handlers = {
  ...stripsHeader,
  ...takesUpgrades,
  "latchkey's routes refuse other methods with 405 and an `Allow` header":
    "Next itself refuses a method that the route file does not export, with 405 and without `Allow`",
};

/** Pages are in `test/next/guards.test.ts`. */
const guardsApiRoutes = "`requireSessionApi` is for API routes and answers with JSON; pages have `requireSessionPage`";

const proxyCaching =
  "a proxy cannot see the caching headers of the page, so it sets `private, no-store` whenever the session was read";

export const nextColumns: readonly NextColumn[] = [
  { name: "Next App Router", part: "app", engine: "node:crypto", cannot: handlers },
  {
    name: "Next Pages Router",
    part: "pages",
    engine: "node:crypto",
    cannot: {
      ...stripsHeader,
      ...takesUpgrades,
      "a response with immutable headers, such as one from fetch, carries latchkey's cookies":
        "in Node the headers of a response can be changed until they are sent",
      "a visitor without a session is redirected to sign in, and then back to the page": guardsApiRoutes,
      "a guard leads to a page on which the user chooses a provider, and from there back to the page that was asked for":
        guardsApiRoutes,
      "a page of a user who does not meet a guard's requirement is an error page with status 403, and no redirect":
        guardsApiRoutes,
      "a visitor without a session is redirected to sign in by a guard with a requirement, and a script gets 401":
        guardsApiRoutes,
      "a guard with `stepUp` sends the user to sign in with them once, and then lets the user pass": guardsApiRoutes,
      "a provider that signs the user in by less than a guard requires leads to an error page, and to no second sign-in":
        guardsApiRoutes,
    },
  },
  {
    name: "Next proxy",
    part: "proxy",
    engine: "node:crypto",
    cannot: {
      ...handlers,
      "a response that depends on the session is `private`": proxyCaching,
      "reading a session within rollAfter writes nothing": proxyCaching,
    },
  },
];
