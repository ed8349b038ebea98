import { toText } from "./bytes.js";
import { isObject } from "./is-object.js";

/** The claims of a JWT of which nothing was verified; undefined for a text that is none. */
export function unverifiedClaims(token: unknown): Readonly<Record<string, unknown>> | undefined {
  const [, payload = ""] = `${token}`.split(".");
  try {
    const bytes = atob(payload.replaceAll("-", "+").replaceAll("_", "/"));
    const claims: unknown = JSON.parse(toText(Uint8Array.from(bytes, (character) => character.charCodeAt(0))));
    return isObject(claims) ? claims : undefined;
  } catch {
    // No JWT.
    return undefined;
  }
}
