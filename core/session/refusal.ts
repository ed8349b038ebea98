/**
 * Why a request has no session although it sent session cookies. The first five reasons are those of the seal, the next three
 * those of a value that was cut into several cookies.
 */
export type SessionRefusal =
  /** The value is not sealed, or not by this codec. */
  | "malformed"
  /** The value is longer than 16,384 characters. */
  | "too_large"
  /** The value was sealed under none of the secrets. */
  | "unknown_key"
  /** The value was sealed on a day whose key opens nothing any more. */
  | "expired_key"
  /** The value was changed, or sealed for another purpose. */
  | "tampered"
  /** A cookie of the value is missing, or is from another write. */
  | "torn"
  /** The value has more cookies than its first one says. */
  | "surplus"
  /** A cookie of the value was sent twice. */
  | "duplicated"
  /** The absolute limit has passed. */
  | "expired"
  /** The limit of inactivity has passed. */
  | "inactive"
  /** A later sign-in or sign-out in this browser ended the session. */
  | "superseded"
  /** The store does not have the session. */
  | "revoked"
  /** The schema refused the data. */
  | "invalid_content"
  /** The app has no provider of the name in the session, or the provider of that name has another issuer or client now. */
  | "unknown_provider"
  /** The store could not be read: the next request may have the session again. */
  | "store_unavailable";
