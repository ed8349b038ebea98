import { execFile, spawn } from "node:child_process";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { generateSessionCookie } from "@auth0/nextjs-auth0/testing";
import { mintSession } from "../../dist/testing.js";
import { freePort } from "../lib/free-port.js";
import { tokens, user } from "../reference.js";

const SECRET = "a secret for the bench of at least thirty-two characters";
const NEXT = fileURLToPath(new URL("../../node_modules/next/dist/bin/next", import.meta.url));
const APP = fileURLToPath(new URL("../next-app", import.meta.url));
const env = { PATH: process.env.PATH, HOME: process.env.HOME, BENCH_SECRET: SECRET, NEXT_TELEMETRY_DISABLED: "1" };

/** Builds the Next app and starts it: where it is, and how to stop it. */
export async function startNext() {
  await promisify(execFile)(process.execPath, [NEXT, "build", APP], { env });
  const port = await freePort();
  const child = spawn(process.execPath, [NEXT, "start", APP, "-p", `${port}`, "-H", "127.0.0.1"], {
    env: { ...env, NODE_ENV: "production" },
    stdio: "ignore",
  });
  const origin = `http://127.0.0.1:${port}`;
  for (let attempt = 0; attempt < 100; attempt++) {
    const answers = await fetch(`${origin}/api/bare`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (answers) return { origin, stop: () => child.kill() };
    await setTimeout(100);
  }
  child.kill();
  throw new Error("the Next server did not answer");
}

/** As nextjs-auth0 cuts its session up. */
async function auth0Cookie() {
  const tokenSet = { ...tokens, expiresAt: tokens.expiresAt };
  const value = await generateSessionCookie({ user, tokenSet }, { secret: SECRET });
  const SIZE = 3500;
  if (value.length <= SIZE) return `__session=${value}`;
  const parts = value.match(new RegExp(`.{1,${SIZE}}`, "g"));
  return parts.map((part, index) => `__session__${index}=${part}`).join("; ");
}

/** The Cookie header of somebody who is signed in, by the folder of the app that reads it. */
export const nextCookies = async () => ({
  bare: undefined,
  latchkey: await mintSession({
    issuer: "https://issuer.example",
    clientId: "bench",
    secret: SECRET,
    baseUrl: "http://127.0.0.1",
    user,
    tokens: { ...tokens, expiresAt: tokens.expiresAt * 1000 },
  }),
  auth0: await auth0Cookie(),
});
