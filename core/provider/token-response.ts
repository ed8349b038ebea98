import type { TokenResponse } from "../exchange/types.js";
import type { Members } from "./claims.js";

/**
 * The tokens in a successful response of the token endpoint (RFC 6749 5.1, OpenID Connect Core 3.1.3.3), whatever form its members have:
 * - null, empty text and blanks mean that a member is absent; blanks around text are dropped.
 * - A number may be text, and text a number. A scope may be a list. Without `token_type`, the type is Bearer.
 * - A member of another form counts as absent, and `malformed` names it. Without a usable access token, `accessToken` is empty: the
 *   response may bring a rotated refresh token all the same, which exists nowhere else.
 *
 * @param requestedAt milliseconds since the epoch
 */
export function readTokenResponse(response: Members, requestedAt: number): TokenResponse {
  let malformed: string | undefined;
  const refuse = (member: string): undefined => {
    malformed ??= member;
    return undefined;
  };
  const textOf = (member: string, value = response[member]): string | undefined => {
    const text = typeof value === "number" ? `${value}` : (value ?? "");
    if (typeof text !== "string") return refuse(member);
    const words = text.trim().replace(/\s+/g, " ");
    // RFC 6749 A.12 and A.17. A platform that cannot put a token into a header may quote it in its error.
    return member !== "scope" && /[^ -~]/.test(words) ? refuse(member) : words || undefined;
  };
  // RFC 6749 7.1: the client must not use a token of a type that it does not know.
  const isBearer = /^bearer$/i.test(textOf("token_type") ?? malformed ?? "bearer");
  const accessToken = (isBearer ? textOf("access_token") : refuse("token_type")) ?? "";
  if (!accessToken) refuse("access_token");
  const lifetime = textOf("expires_in");
  const seconds = Number(lifetime);
  const { scope } = response;
  const words = [scope].flat();
  return {
    accessToken,
    requestedAt,
    expiresIn: lifetime && (seconds >= 0 && seconds < Infinity ? seconds : refuse("expires_in")),
    scope: textOf("scope", words.every((word) => typeof word === "string") ? words.join(" ") : scope),
    idToken: textOf("id_token"),
    refreshToken: textOf("refresh_token"),
    malformed,
  } as TokenResponse;
}
