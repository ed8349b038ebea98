import { createAuth } from "../../adapters/next/index.js";
import type { Framework } from "./app.js";
import { send, toRequest } from "./edge-app.js";

/** The route handlers of Next's App Router, behind Node's HTTP server. */
export const nextApp: Framework = (options) => {
  const { handlers } = createAuth(options);
  return async (req, res) => send(await handlers[req.method as "GET" | "POST"](toRequest(req)), res);
};

/** The API route of Next's Pages Router. */
export const nextPages: Framework = (options) => {
  const { apiHandler } = createAuth(options);
  return (req, res) => void apiHandler(Object.assign(req, { query: {} }) as never, res as never);
};
