/** Why `getAccessToken` has none. */
export class AccessTokenError extends Error {
  override readonly name = "AccessTokenError";
  readonly status = 401;
  constructor(
    readonly code: "invalid_session" | "access_token_expired" | "insufficient_scope",
    options?: { cause?: unknown },
  ) {
    super(`latchkey: ${code.replaceAll("_", " ")}`, options);
  }
}
