// Bytes of the Cookie header that a signed-in browser sends: the reference session as a sign-in through latchkey/express
// leaves it, beside the recipe of @auth0/nextjs-auth0 4 for the same content (one JWE, base64 of base64). `node wire.js`
// exits with 1 when latchkey takes more than 0.85 of what that library was measured to need for a session of this kind.
import { CompactEncrypt } from "jose";
import { mintSession } from "../dist/testing.js";
import { tokens, user } from "./reference.js";

const MEASURED = 3567;

// A scope that is the one asked for is not kept (RFC 6749 5.1).
const { scope: _asAskedFor, ...kept } = tokens;
const ours = await mintSession({
  secret: "a secret for the bench of at least thirty-two characters",
  baseUrl: "https://app.example",
  user,
  tokens: { ...kept, expiresAt: tokens.expiresAt * 1000 },
});

const session = {
  user,
  tokenSet: tokens,
  internal: { sid: "Qk2mVb7RzT0xLc9dWf4Ya1Ne8Js5Hg3P", createdAt: 1_790_000_000 },
};
const theirs = await new CompactEncrypt(
  new TextEncoder().encode(JSON.stringify({ ...session, iat: 1_790_000_000, exp: 1_790_086_400 })),
)
  .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
  .encrypt(new Uint8Array(32));

const recipe = `__session=${theirs}`.length;
console.log(`latchkey                          ${ours.length} bytes in ${ours.split("; ").length} cookies`);
console.log(`the recipe of nextjs-auth0        ${recipe} bytes   ratio ${(ours.length / recipe).toFixed(3)}`);
console.log(
  `nextjs-auth0, as measured         ${MEASURED} bytes   ratio ${(ours.length / MEASURED).toFixed(3)} (at most 0.85)`,
);
if (ours.length > 0.85 * MEASURED) process.exitCode = 1;
