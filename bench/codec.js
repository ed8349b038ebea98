// Sealing and opening the reference session: latchkey, @fastify/secure-session (native sodium, its own encode and decode),
// and a hand-written loop over node:crypto (AES-256-GCM, JSON, base64url), which is the limit of what this cipher can do
// in Node. One process, interleaved rounds, the first ones discarded, medians with the spread of the middle half.
// `node codec.js` exits with 1 when latchkey costs more than secure-session, or more than 1.15 of the loop.
import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from "node:crypto";
import secureSession from "@fastify/secure-session";
import createFastify from "fastify";
import { createSealer } from "../dist/index.js";
import { session } from "./reference.js";

const ROUNDS = 60;
const DISCARDED = 15;
const CALLS = 1000;

const json = JSON.stringify(session);

async function latchkey() {
  const now = Date.now();
  const sealer = createSealer({ secret: "a secret for the bench of at least thirty-two characters", purpose: "bench" });
  const sealed = await sealer.seal(session, now);
  return { seal: () => sealer.seal(session, now), open: () => sealer.open(sealed, now).payload };
}

async function fastifySecureSession() {
  const fastify = createFastify();
  await fastify.register(secureSession, { key: randomBytes(32) });
  await fastify.ready();
  const held = fastify.createSecureSession(session);
  const sealed = fastify.encodeSecureSession(held);
  return { seal: () => fastify.encodeSecureSession(held), open: () => fastify.decodeSecureSession(sealed).data() };
}

function byHand() {
  const key = createSecretKey(randomBytes(32));
  const seal = () => {
    const iv = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", key, iv);
    const body = Buffer.concat([cipher.update(JSON.stringify(session), "utf8"), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), body]).toString("base64url");
  };
  const sealed = seal();
  const open = () => {
    const bytes = Buffer.from(sealed, "base64url");
    const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12));
    decipher.setAuthTag(bytes.subarray(12, 28));
    return JSON.parse(decipher.update(bytes.subarray(28), undefined, "utf8") + decipher.final("utf8"));
  };
  return { seal, open };
}

const codecs = {
  latchkey: await latchkey(),
  "@fastify/secure-session": await fastifySecureSession(),
  "node:crypto by hand": byHand(),
};

for (const [name, { open }] of Object.entries(codecs)) {
  const { __ts, ...opened } = open();
  if (JSON.stringify(opened) !== json) throw new Error(`${name} does not give back what it was given`);
}

/** Microseconds for one call. */
function time(call) {
  const started = process.hrtime.bigint();
  for (let count = 0; count < CALLS; count++) call();
  return Number(process.hrtime.bigint() - started) / CALLS / 1000;
}

const quantile = (sorted, share) => sorted[Math.floor((sorted.length - 1) * share)];

console.log(`${json.length} bytes of JSON, Node ${process.version}, microseconds: median (middle half)\n`);
let kept = true;
for (const operation of ["seal", "open"]) {
  const samples = Object.fromEntries(Object.keys(codecs).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, codec] of Object.entries(codecs)) {
      const sample = time(codec[operation]);
      if (round >= DISCARDED) samples[name].push(sample);
    }
  }
  const medians = {};
  for (const [name, list] of Object.entries(samples)) {
    list.sort((left, right) => left - right);
    medians[name] = quantile(list, 0.5);
    const spread = `${quantile(list, 0.25).toFixed(1)} to ${quantile(list, 0.75).toFixed(1)}`;
    console.log(`${operation}  ${name.padEnd(24)} ${medians[name].toFixed(2).padStart(7)}  (${spread})`);
  }
  const toSodium = medians.latchkey / medians["@fastify/secure-session"];
  const toHand = medians.latchkey / medians["node:crypto by hand"];
  console.log(
    `${operation}  latchkey / secure-session ${toSodium.toFixed(2)} (at most 1)   latchkey / by hand ${toHand.toFixed(2)} (at most 1.15)\n`,
  );
  kept &&= toSodium <= 1 && toHand <= 1.15;
}
if (!kept) process.exitCode = 1;
