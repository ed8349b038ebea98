import { LatchkeyError } from "../../../core/errors.js";

/** Why the app gets no access token. */
export type AccessTokenErrorCode = "invalid_session" | "access_token_expired" | "insufficient_scope";

/** `getAccessToken` of nextjs-auth0 0.x has no access token to give. */
export class AccessTokenError extends LatchkeyError<AccessTokenErrorCode> {
  override latchkeyError(): string {
    return "AccessTokenError";
  }
  readonly status = 401;
  constructor(code: AccessTokenErrorCode, options?: { cause?: unknown }) {
    super(code, code.replaceAll("_", " "), options);
  }
}
