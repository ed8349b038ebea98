/**
 * The reference session of every comparison, shaped as after a sign-in at Auth0: three tokens of base64url segments
 * (RFC 7515, RFC 7516) and nine user claims, about 2.6 KB of JSON. It has no dependencies and is the same in every run: the
 * bytes in the place of signatures come from a small generator, not from a key.
 */

/** Bytes that look random and are always the same (a linear congruential generator; nothing here is secret). */
function noise(length, seed) {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const segment = (value) => base64url(new TextEncoder().encode(JSON.stringify(value)));

/** The shape of a JWT signed with RS256: 256 bytes of signature. */
const jwt = (claims, seed) =>
  [
    segment({ alg: "RS256", typ: "JWT", kid: "mJ3vQx0bT9aLr7yZc2KdF" }),
    segment(claims),
    base64url(noise(256, seed)),
  ].join(".");

/** The shape of an encrypted refresh token: a JWE with an empty key segment. */
const jwe = (length, seed) =>
  [
    segment({ alg: "dir", enc: "A256GCM" }),
    "",
    base64url(noise(12, seed)),
    base64url(noise(length, seed + 1)),
    base64url(noise(16, seed + 2)),
  ].join(".");

const issuer = "https://latchkey.eu.example/";
const clientId = "yB5cWqKq3vUu0nJm8t2RzXo4aLh7sPdE";
const issuedAt = 1_790_000_000;

/** The signed-in user: nine claims. */
export const user = {
  sub: "auth0|5f7c8ec7c33c6c004bbafe82",
  name: "Zoë Brontë",
  given_name: "Zoë",
  family_name: "Brontë",
  nickname: "zoe.bronte",
  email: "zoe.bronte@latchkey.example",
  email_verified: true,
  picture: "https://avatars.latchkey.example/0a6c1b7e2f9d.png",
  updated_at: "2026-09-21T12:53:20.482Z",
};

const idToken = jwt(
  {
    ...user,
    iss: issuer,
    aud: clientId,
    iat: issuedAt,
    exp: issuedAt + 36_000,
    sid: "Qk2mVb7RzT0xLc9dWf4Ya1Ne8Js5Hg3P",
    nonce: "nT3xY7bQ0vLz5cKd9rMw2Jf8sHa6PgU1eXi4BoVtZyE",
  },
  1,
);

const accessToken = jwt(
  {
    iss: issuer,
    sub: user.sub,
    aud: ["https://api.latchkey.example", `${issuer}userinfo`],
    iat: issuedAt,
    exp: issuedAt + 86_400,
    scope: "openid profile email offline_access",
    azp: clientId,
  },
  2,
);

/** The response of the provider's token endpoint. */
export const tokens = {
  accessToken,
  idToken,
  refreshToken: jwe(64, 3),
  expiresAt: issuedAt + 86_400,
  scope: "openid profile email offline_access",
};

/** The value that a codec seals and opens. */
export const session = {
  sid: "Qk2mVb7RzT0xLc9dWf4Ya1Ne8Js5",
  began: issuedAt * 1000,
  ends: (issuedAt + 604_800) * 1000,
  user,
  tokens,
};

const sizeOf = (value) => new TextEncoder().encode(JSON.stringify(value)).length;

const record = (index) => ({
  id: `item-${String(index).padStart(4, "0")}`,
  title: "A brass latch, with its key",
  seenAt: "2026-09-21T12:53:20.482Z",
});
/** Bytes of one record in a list, with the comma. */
const RECORD = sizeOf(record(0)) + 1;

/** A list of small records without tokens, whose JSON has `bytes` bytes (94 or more). */
export function records(bytes) {
  const all = Array.from({ length: Math.floor((bytes - 1) / RECORD) }, (_, index) => record(index));
  all.at(-1).title += ".".repeat(bytes - sizeOf(all));
  return all;
}

/**
 * A session whose JSON has `bytes` bytes. Below a thousand: the user without tokens. Below the size of `session`: the user
 * and one opaque refresh token. From that size on: `session`. Records fill the remaining bytes, unless not even one fits:
 * at 2,600 bytes it is `session` alone.
 */
export function sessionOf(bytes) {
  const { sid, began, ends } = session;
  const refreshToken = base64url(noise(256, 4));
  const small = bytes < 1000 ? { sid, began, ends, user } : { sid, began, ends, user, tokens: { refreshToken } };
  const base = bytes < sizeOf(session) ? small : session;
  const missing = bytes - sizeOf({ ...base, data: [] }) + 2;
  return missing > RECORD ? { ...base, data: records(missing) } : base;
}
