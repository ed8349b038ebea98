import { SignJWT } from "jose/jwt/sign";
import { exportJWK } from "jose/key/export";
import { generateKeyPair } from "jose/key/generate/keypair";
import type { Fault } from "./faults.js";

export type Claims = Record<string, unknown>;

/** Algorithms that the provider can sign with. */
export type SigningAlg = "RS256" | "PS256" | "ES256";

/** The keys of a provider, which can be replaced. */
export interface SigningKeys {
  /** Signs claims as a JWT. `faults` may ask for a bad signature or header. */
  sign(claims: Claims, header?: Claims, faults?: ReadonlySet<Fault>): Promise<string>;
  /** The public keys (RFC 7517 5). */
  publicKeys(): { keys: Claims[] };
  /** A new key, under a new id; the old one is no longer announced. */
  rotate(): Promise<void>;
}

interface SigningKey {
  readonly kid: string;
  readonly privateKey: Awaited<ReturnType<typeof generateKeyPair>>["privateKey"];
  readonly jwk: Claims;
}

const base64url = (text: string): string => btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** SHA-256, base64url. */
export async function hash(text: string, bytes = 32): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return base64url(String.fromCharCode(...new Uint8Array(digest).subarray(0, bytes)));
}

/** A random value of 128 bits, base64url. */
export const randomId = (): string => base64url(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))));

export async function createSigningKeys(alg: SigningAlg): Promise<SigningKeys> {
  let count = 0;
  const create = async (): Promise<SigningKey> => {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const kid = `key-${++count}`;
    return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" } };
  };
  let current = await create();

  return {
    async sign(claims, header = {}, faults = new Set()) {
      if (faults.has("alg_none")) return unsigned({ alg: "none" }, claims, "");
      if (faults.has("alg_hs256")) return unsigned({ alg: "HS256", kid: current.kid }, claims, "AAAA");
      const kid = faults.has("kid_absent") ? {} : { kid: faults.has("unknown_kid") ? "key-unknown" : current.kid };
      const typ = faults.has("logout_typ") ? { typ: "logout+jwt" } : {};
      const signed = await new SignJWT(claims)
        .setProtectedHeader({ alg, ...kid, ...header, ...typ })
        .sign(current.privateKey);
      if (!faults.has("invalid_signature")) return signed;
      const start = signed.lastIndexOf(".") + 1;
      return signed.slice(0, start) + (signed[start] === "A" ? "B" : "A") + signed.slice(start + 1);
    },
    publicKeys: () => ({ keys: [current.jwk] }),
    async rotate() {
      current = await create();
    },
  };
}

function unsigned(header: Claims, claims: Claims, signature: string): string {
  return `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(claims))}.${signature}`;
}
