import { createAuth } from "latchkey/next";

/** The options come when the server starts; a build has none. */
const options = JSON.parse(process.env.OPTIONS ?? "{}");

export const auth = createAuth(options);

/** A URL of the API that the tests run. */
export const apiOf = (path) => new URL(path, options.apiOrigins[0]).href;
