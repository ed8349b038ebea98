import { createAuth } from "latchkey/next";

/** A build has no options: they come when the server starts. */
const options = JSON.parse(process.env.OPTIONS ?? "{}");

export const auth = createAuth(options);
