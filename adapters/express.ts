import type { Response } from "express-serve-static-core";
import type { RegisteredData } from "../core/register.js";
import type { SessionRequirement } from "../core/relying-party/requirement.js";
import type { VerifiedAccessToken } from "../core/resource-server/access-token.js";
import { requireSession as guard, type RequestAuth, type SignedInAuth } from "./node.js";

export * from "./node.js";

/**
 * The mark of `requireSession()` in the types of Express, which passes the type of a response's locals from handler to handler.
 * No value has it. Its name is text and no symbol: a program may load the declarations for `import` and those for `require`,
 * and both must declare the same.
 */
export interface SignedInLocals {
  readonly "latchkey: signed in": true;
}

/** The `auth` and `accessToken` of another package that extends `Express.Request`: both types hold, so neither package is in the way. */
export type OtherAuth = Express.Request extends { auth?: infer Other } ? NonNullable<Other> : unknown;
export type OtherAccessToken = Express.Request extends { accessToken?: infer Other } ? NonNullable<Other> : unknown;

declare module "express-serve-static-core" {
  // The parameters must be those of the interface that is extended, with its constraint.
  // biome-ignore lint/suspicious/noExplicitAny: see above.
  interface Request<P, ResBody, ReqBody, ReqQuery, LocalsObj extends Record<string, any>> {
    /** Set by latchkey's `auth()`. Behind `requireSession()` its session is not null. */
    auth: (LocalsObj extends SignedInLocals ? SignedInAuth : RequestAuth) & OtherAuth;
    /** Set by latchkey's `verifyAccessToken()`. */
    accessToken: VerifiedAccessToken & OtherAccessToken;
  }
}

/** Middleware of Express whose type tells the handlers after it that a user is signed in. It says nothing about parameters. */
export type Guard = (req: unknown, res: Response<unknown, SignedInLocals>, next: (error?: unknown) => void) => void;

/**
 * Lets only signed-in requests pass: 401 JSON for API calls, a redirect to sign in for page navigations. In the handlers after
 * it, in the same call of Express, `req.auth.session` is not null.
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth, requireSession } from "latchkey/express";
 *
 * const app = express();
 * app.use(auth());
 * app.get("/invoices", requireSession(), (req, res) => {
 *   res.json({ user: req.auth.session.user });
 * });
 * ```
 * The middleware calls `next` with a MisuseError (`invalid_config`) for a request that did not go through `auth()`.
 */
export const requireSession = guard as <Data = RegisteredData>(requirement?: SessionRequirement<Data>) => Guard;
