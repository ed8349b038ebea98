import { errorNamed } from "../../core/errors.js";

/** Why `getAccessToken` has none. */
export class AccessTokenError extends /* @__PURE__ */ errorNamed("AccessTokenError") {
  readonly status = 401;
  constructor(
    readonly code: "invalid_session" | "access_token_expired" | "insufficient_scope",
    options?: { cause?: unknown },
  ) {
    super(`latchkey: ${code.replaceAll("_", " ")}`, options);
  }
}
