import { encode } from "@auth/core/jwt";
import { hkdf } from "@panva/hkdf";
import { sealData } from "iron-session";
import { EncryptJWT } from "jose";
import { createSessions } from "../../../dist/index.js";
import { mintSession } from "../../../dist/testing.js";
import { tokens, user } from "../../reference.js";
import { baseUrl, clientId, issuer, secret } from "./workers/shared.js";

const content = { user, tokens };

// For each library, the Cookie header of a browser with the reference session.

export const latchkeyEdge = () =>
  mintSession({
    issuer,
    clientId,
    secret,
    baseUrl,
    user,
    tokens: { ...tokens, expiresAt: Date.now() + 86_400_000 },
  });

export async function latchkeySessions() {
  const session = await createSessions({ secret }).load(null);
  session.update(content);
  const lines = await session.commit();
  return lines.map((line) => line.slice(0, line.indexOf(";"))).join("; ");
}

export const ironSession = async () => `session=${await sealData(content, { password: secret })}`;

const AUTH_COOKIE = "__Secure-authjs.session-token";

export const authCore = async () => `${AUTH_COOKIE}=${await encode({ token: content, secret, salt: AUTH_COOKIE })}`;

export async function jose() {
  const key = await hkdf("sha256", secret, "", "JWE CEK", 32);
  const jwt = new EncryptJWT(content).setProtectedHeader({ enc: "A256GCM", alg: "dir" }).setExpirationTime("1d");
  return `__session=${await jwt.encrypt(key)}`;
}
