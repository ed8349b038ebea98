import type { Column } from "./columns.js";

/** A column whose app Next builds: `test/next/contract.test.ts` runs it, on each version. */
export interface NextColumn extends Omit<Column, "framework"> {
  /** What the app of the tests is told, to answer as that part of Next. */
  readonly part: "app" | "pages" | "proxy";
}

const stripsHeader = {
  "a router's data request starts no sign-in":
    "Next takes `x-nextjs-data` off what its own router has not asked for, so that only real ones are seen",
};

const takesUpgrades = {
  "a request to change the protocol refreshes and writes nothing, and its session goes on":
    "Next's server takes requests to change the protocol itself, and gives them no answer",
};

const handlers = {
  ...stripsHeader,
  ...takesUpgrades,
  "the routes refuse methods that are not theirs, and say which are":
    "what a route file does not export Next answers itself, with 405 and without `Allow`",
};

const ahead =
  "ahead of a page, whose caching headers it would replace unseen, it says `private, no-store` once the session was read";

export const nextColumns: readonly NextColumn[] = [
  { name: "Next App Router", part: "app", engine: "node:crypto", cannot: handlers },
  {
    name: "Next Pages Router",
    part: "pages",
    engine: "node:crypto",
    cannot: {
      ...stripsHeader,
      ...takesUpgrades,
      "a response that cannot be changed, such as one of fetch, carries our cookies":
        "in Node every response can be changed until it is sent",
      "a page that needs a session sends a navigation to sign in and back":
        "`requireAuthentication` is for API routes and answers 401; pages have `withPageAuth`",
    },
  },
  {
    name: "Next proxy",
    part: "proxy",
    engine: "node:crypto",
    cannot: {
      ...handlers,
      "answers made from a session are private to the browser": ahead,
      "reading a session within rollAfter writes nothing": ahead,
    },
  },
];
