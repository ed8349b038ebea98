/**
 * Writes vectors.json: `node test/core/seal/vectors.generate.mjs`. It implements what core/seal documents a second time, with
 * node:crypto and jose. A program in another language that reads latchkey's cookies can be written after it.
 */
import { hkdfSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { CompactEncrypt } from "jose/jwe/compact/encrypt";

const utf8 = new TextEncoder();
const base64url = (bytes) => Buffer.from(bytes).toString("base64url");
const derive = (secret, info, length) => new Uint8Array(hkdfSync("sha256", secret, "", `latchkey/1/${info}`, length));

const header = { alg: "RS256", typ: "JWT", kid: "a1" };
const jwt = (claims, fill) =>
  [utf8.encode(JSON.stringify(header)), utf8.encode(JSON.stringify(claims)), new Uint8Array(256).fill(fill)]
    .map(base64url)
    .join(".");
const jwe = [
  utf8.encode('{"alg":"dir","enc":"A256GCM"}'),
  [],
  new Uint8Array(12).fill(3),
  new Uint8Array(33).fill(4),
  new Uint8Array(16).fill(5),
]
  .map(base64url)
  .join(".");

/** Layout 0 is JSON text. Layout 1: tokens first, then JSON text with a DEL for each. */
function layOut(payload, tokens) {
  if (tokens.length === 0) return utf8.encode(JSON.stringify(payload));
  const shapes = tokens.flatMap((token) => {
    const lengths = token.split(".").map((segment) => segment.length);
    return [lengths.length, ...lengths.flatMap((length) => [length >> 8, length & 255])];
  });
  const bytes = tokens.map((token) => {
    const characters = token.replaceAll(".", "");
    return Buffer.from(characters.padEnd(Math.ceil(characters.length / 4) * 4, "A"), "base64url");
  });
  const text = tokens.reduce((json, token) => json.replace(`"${token}"`, '"\u007f"'), JSON.stringify(payload));
  return Buffer.concat([Buffer.from([1, ...shapes, 0]), ...bytes, utf8.encode(text)]);
}

async function vector({ secret, purpose, now, iv, payload, tokens = [] }) {
  const day = Math.floor(now / 86_400_000);
  const id = base64url(derive(secret, "id", 6)).slice(0, 6);
  const sealed = await new CompactEncrypt(layOut(payload, tokens))
    .setProtectedHeader({ alg: "dir", enc: "A256GCM", kid: id + day.toString(36).padStart(4, "0") })
    .setInitializationVector(Uint8Array.from(iv))
    .encrypt(derive(secret, `key/${purpose}/${day}`, 32));
  return { secret, purpose, now, iv: Buffer.from(iv).toString("hex"), payload, sealed };
}

const secret = "a secret of at least thirty-two characters";
const iv = Array.from({ length: 12 }, (_, index) => index);
const now = Date.UTC(2026, 10, 23, 12);
const idToken = jwt({ iss: "https://issuer.example/", sub: "alice", name: "Zoë 🔑" }, 1);
const accessToken = jwt({ iss: "https://issuer.example/", aud: "https://api.example", scope: "openid" }, 2);

const cases = [
  { secret, purpose: "identity", now, iv, payload: { sid: "abc", user: { sub: "alice", name: "Zoë 🔑" } } },
  { secret, purpose: "identity", now, iv, payload: "" },
  {
    secret,
    purpose: "activity",
    now: 0,
    iv: iv.map((byte) => 255 - byte),
    payload: [1, null, true, "\u007f", "\u0001"],
  },
  {
    secret: "ünïcödé ".repeat(8),
    purpose: "transaction",
    now: now + 86_400_000,
    iv,
    payload: { state: "s", nonce: "n" },
  },
  {
    secret,
    purpose: "tokens",
    now,
    iv,
    payload: {
      sid: "abc",
      value: { accessToken, idToken, refreshToken: jwe, more: [{ accessToken }], scope: "openid é" },
    },
    tokens: [accessToken, idToken, jwe, accessToken],
  },
  { secret, purpose: "tokens", now, iv, payload: { near: `${idToken}=`, opaque: "v1.MXj-opaque" } },
];

const vectors = await Promise.all(cases.map(vector));
writeFileSync(new URL("./vectors.json", import.meta.url), `${JSON.stringify(vectors, null, 2)}\n`);
