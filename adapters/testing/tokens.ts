import { JOSEError, JWKSNoMatchingKey } from "jose/errors";
import { SignJWT } from "jose/jwt/sign";
import { jwtVerify } from "jose/jwt/verify";
import { exportJWK, exportSPKI } from "jose/key/export";
import { type GenerateKeyPairResult, generateKeyPair } from "jose/key/generate/keypair";
import type { EndpointFaults } from "./faults.js";

/** The claims of a token, or the members of its header. */
export type Claims = Record<string, unknown>;

/** Algorithms that the provider can sign with. */
export type SigningAlg = "RS256" | "PS256" | "ES256" | "EdDSA";

/** The signing keys of a provider. */
export interface SigningKeys {
  /** Signs claims as a JWT; `faults` can make the signature or the header wrong. */
  sign(claims: Claims, header?: Claims, faults?: EndpointFaults): Promise<string>;
  /** Whether any key of this provider signed a token for this issuer and audience. Expired tokens count. */
  isOwn(token: string, expected: { issuer: string; audience: string }): Promise<boolean>;
  /** The public keys (RFC 7517 5). */
  publicKeys(faults: EndpointFaults): Promise<{ keys: Claims[] }>;
  /** Replaces the current key by one with a new id, and publishes the old one no longer. */
  rotate(): Promise<void>;
}

interface SigningKey extends GenerateKeyPairResult {
  readonly alg: SigningAlg;
  readonly kid: string;
  readonly jwk: Claims;
}

const encoder = new TextEncoder();

const toBase64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

async function digest(text: string, algorithm: "SHA-256" | "SHA-512"): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest(algorithm, encoder.encode(text)));
}

/** The `S256` challenge of a PKCE verifier (RFC 7636 4.2). */
export const challengeOf = async (verifier: string): Promise<string> => toBase64url(await digest(verifier, "SHA-256"));

/** The `at_hash` of an access token (OpenID Connect Core 3.1.3.6): half of the hash that the algorithm signs with. */
export async function atHash(accessToken: string, alg: SigningAlg): Promise<string> {
  const bytes = await digest(accessToken, alg === "EdDSA" ? "SHA-512" : "SHA-256");
  return toBase64url(bytes.subarray(0, bytes.length / 2));
}

/** A random value of 128 bits, base64url. */
export const randomId = (): string => toBase64url(crypto.getRandomValues(new Uint8Array(16)));

/** Creates the keys of a provider, with one key at first. */
export async function createSigningKeys(alg: SigningAlg): Promise<SigningKeys> {
  /** Every key that this provider has had, by its id. */
  const everyKey = new Map<string, SigningKey>();
  const create = async (keyAlg: SigningAlg): Promise<SigningKey> => {
    const pair = await generateKeyPair(keyAlg);
    const kid = `key-${everyKey.size + 1}`;
    const jwk = { ...(await exportJWK(pair.publicKey)), kid, alg: keyAlg, use: "sig" };
    const key: SigningKey = { ...pair, alg: keyAlg, kid, jwk };
    everyKey.set(kid, key);
    return key;
  };
  let current = await create(alg);
  /** Keys that are published beside the current one. */
  const others: SigningKey[] = [];

  return {
    async sign(claims, header = {}, faults) {
      if (faults?.commits("alg_none")) return unsignedJwt(claims);
      if (faults?.commits("alg_hs256")) return signWithPublicKey(claims, current);
      let key = current;
      if (faults?.commits("other_alg")) {
        key = await create(alg === "ES256" ? "RS256" : "ES256");
        others.push(key);
      }
      const protectedHeader: Claims = { alg: key.alg, kid: key.kid, ...header };
      if (faults?.commits("kid_absent")) delete protectedHeader["kid"];
      if (faults?.commits("unknown_kid")) protectedHeader["kid"] = "key-unknown";
      if (faults?.commits("logout_typ")) protectedHeader["typ"] = "logout+jwt";
      const token = await new SignJWT(claims)
        .setProtectedHeader(protectedHeader as { alg: string })
        .sign(key.privateKey);
      return faults?.commits("invalid_signature") ? tamper(token) : token;
    },
    async isOwn(token, { issuer, audience }) {
      try {
        const keyOf = ({ kid = "" }) => {
          const key = everyKey.get(kid);
          if (!key) throw new JWKSNoMatchingKey();
          return key.publicKey;
        };
        // RP-Initiated Logout 2: an expired ID Token is accepted as a hint.
        await jwtVerify(token, keyOf, { issuer, audience, algorithms: [alg], currentDate: new Date(0) });
        return true;
      } catch (error) {
        if (error instanceof JOSEError) return false;
        throw error;
      }
    },
    async publicKeys(faults) {
      if (faults.commits("multiple_keys")) others.push(await create(alg));
      return { keys: [...others, current].map(({ jwk }) => jwk) };
    },
    async rotate() {
      current = await create(alg);
      others.length = 0;
    },
  };
}

/** An unsecured JWT (RFC 7519 6). */
function unsignedJwt(claims: Claims): string {
  const encode = (part: Claims) => toBase64url(encoder.encode(JSON.stringify(part)));
  return `${encode({ alg: "none" })}.${encode(claims)}.`;
}

/** A token whose MAC has the public key as its secret: verifiers that take the algorithm from the token accept it (RFC 8725 2.1). */
async function signWithPublicKey(claims: Claims, { publicKey, kid }: SigningKey): Promise<string> {
  // A copy, because jose needs an array of its own realm, and a test environment's TextEncoder may be of another realm.
  const secret = new Uint8Array(encoder.encode(await exportSPKI(publicKey)));
  return new SignJWT(claims).setProtectedHeader({ alg: "HS256", kid }).sign(secret);
}

/** The token with the first character of its signature changed. */
function tamper(token: string): string {
  const start = token.lastIndexOf(".") + 1;
  return token.slice(0, start) + (token[start] === "A" ? "B" : "A") + token.slice(start + 1);
}
