import { toBase64url, toBytes } from "../core/bytes.js";
import { ExchangeError, must } from "../core/errors.js";
import { ANY, checkOptions, type ExamplesOf } from "../core/options.js";
import type { Ports } from "../core/ports.js";
import { isAsymmetric } from "../core/provider/algorithms.js";
import { createDpop, type DpopSettings, type ProofNonces } from "../core/resource-server/dpop.js";
import type { StorePort } from "../core/store/port.js";
import { urlOf } from "./lib/checks.js";
import { after } from "./lib/sleep.js";

export { ExchangeError, type ExchangeErrorCode, LatchkeyError, type MisuseCode, MisuseError } from "../core/errors.js";
export type { StorePort } from "../core/store/port.js";

/** Which DPoP proofs an API takes. */
export interface DpopOptions {
  /**
   * The public URL of the API, or several: an origin, with the path that a proxy takes off requests. A proof names the URL of its
   * request, and the Host header of a request proves nothing. Required.
   */
  baseUrl: string | readonly string[];
  /** The algorithms of proofs; all must be asymmetric. @default ["ES256", "EdDSA", "Ed25519", "PS256", "RS256"] */
  algs?: readonly string[];
  /** Seconds for which a proof is taken; `clockTolerance` of `verifyAccessToken` comes on top. @default 60 */
  maxAge?: number;
  /** Whether tokens that are bound to no key are still taken with the scheme Bearer. A bound one never is (RFC 9449 7.2). @default false */
  bearer?: boolean;
  /** What the machines of the API share, such as `redisStore(client)`: a proof is then taken once on all of them. @default the memory of the process */
  store?: Pick<StorePort, "add">;
  /**
   * Makes nonces that proofs must have (RFC 9449 9), so that no client can make proofs for later: at least 32 characters each, newest
   * first, the same on all machines. @default proofs need no nonce
   */
  nonceSecret?: string | readonly string[];
}

const examples: ExamplesOf<DpopOptions> = {
  baseUrl: ANY,
  algs: [],
  maxAge: 60,
  bearer: false,
  store: ANY,
  nonceSecret: ANY,
};

/** The value of the option `dpop`, which `dpop()` returns. */
export interface Dpop {
  /** Only latchkey calls them. */
  tokenIn(authorization: never): unknown;
  check(request: never, access: never, context: never): Promise<unknown>;
  challenge(parameters: never, code: never): string;
}

/**
 * For the option `dpop` of `verifyAccessToken`: takes access tokens that are bound to a key, with the scheme DPoP and a proof of the key
 * (RFC 9449 7). A token that was stolen is then of no use.
 *
 * @example
 * ```ts
 * import { dpop } from "latchkey/dpop";
 * import { verifyAccessToken } from "latchkey/edge";
 *
 * const api = verifyAccessToken({
 *   issuer: "https://op.example/",
 *   audience: "https://api.example",
 *   dpop: dpop({ baseUrl: "https://api.example" }),
 * });
 *
 * export default { fetch: api.wrap((request, { claims }) => Response.json({ for: claims.sub })) };
 * ```
 * @throws MisuseError (`invalid_config`) at once when an option is wrong or missing
 */
export function dpop(options: DpopOptions): Dpop {
  const { baseUrl = [] } = options ?? {};
  const baseUrls = [baseUrl].flat();
  checkOptions(options, examples, baseUrls[0] ? [] : ["dpop: set baseUrl"]);
  const { algs = ["ES256", "EdDSA", "Ed25519", "PS256", "RS256"], maxAge = 60, bearer = false, store } = options;
  must(
    algs.length > 0 && algs.every((alg) => typeof alg === "string" && isAsymmetric(alg)),
    "dpop: algs must be asymmetric, such as ES256",
  );
  must(maxAge > 0 && maxAge <= 3600, "dpop: maxAge must be 1 to 3600 seconds");
  must(
    store === undefined || typeof store?.add === "function",
    "dpop: store must be what redisStore(client) or createStore(port) returns",
  );
  return createDpop({
    baseUrls: baseUrls.map((url) => urlOf(url, "dpop: baseUrl")),
    algs,
    maxAge,
    bearer,
    isFirstUse: store ? usesIn(store) : usesInMemory(),
    nonces: options.nonceSecret === undefined ? undefined : noncesOf([options.nonceSecret].flat()),
  });
}

/** Milliseconds that the store may take. */
const STORE_TIMEOUT = 1000;

/** Remembers uses in a store, for all machines. */
const usesIn =
  (store: Pick<StorePort, "add">): DpopSettings["isFirstUse"] =>
  async (name, forMs, { random }) => {
    const use = toBase64url(random(12));
    let cancel = () => {};
    try {
      const late = new Promise<never>((_resolve, reject) => {
        cancel = after(STORE_TIMEOUT, () => reject(new TypeError(`no answer within ${STORE_TIMEOUT} ms`)));
      });
      return (await Promise.race([store.add(`dpop:${name}`, use, Math.ceil(forMs)), late])) === use;
    } catch (thrown) {
      // The error of a client may hold the command that failed, such as one with the password.
      const { name: kind, code, message } = (thrown ?? {}) as { name?: unknown; code?: unknown; message?: unknown };
      throw new ExchangeError("store_unavailable", { cause: { name: kind, code, message } });
    } finally {
      cancel();
    }
  };

/** Uses that a process remembers at most. */
const MAX_USES = 100_000;

/** Remembers uses in this process. */
function usesInMemory(): DpopSettings["isFirstUse"] {
  /** When each use may be forgotten, in milliseconds since the epoch; about in that order, so the oldest are looked at. */
  const uses = new Map<string, number>();
  return async (name, forMs, ports: Pick<Ports, "now">) => {
    const now = ports.now();
    const until = uses.get(name);
    if (until !== undefined && until > now) return false;
    for (const [used, end] of uses) {
      if (end > now) break;
      uses.delete(used);
    }
    // To forget a use would let its proof be used again.
    if (uses.size >= MAX_USES) {
      throw new ExchangeError("store_unavailable", { cause: { message: `${MAX_USES} proofs in memory` } });
    }
    uses.set(name, now + forMs);
    return true;
  };
}

/** Seconds for which a nonce is taken; and by which the clock of the machine that issued it may be ahead. */
const NONCE_LIFETIME = 300;
const NONCE_AHEAD = 60;

/** Nonces that say when they were issued, authenticated by a secret (HMAC): machines that share the secret need share nothing else. */
function noncesOf(secrets: readonly string[]): ProofNonces {
  must(
    secrets.length > 0 && secrets.every((secret) => typeof secret === "string" && secret.length >= 32),
    "dpop: nonceSecret must have at least 32 characters",
  );
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  // The keys are kept, and never the promises of them: on Workers a promise belongs to the request that made it.
  const keys = new Map<string, CryptoKey>();
  async function sign(secret: string, time: string): Promise<string> {
    const key =
      keys.get(secret) ?? (await crypto.subtle.importKey("raw", toBytes(secret) as never, algorithm, false, ["sign"]));
    keys.set(secret, key);
    const text = toBytes(`latchkey dpop nonce ${time}`);
    return `${time}.${toBase64url(new Uint8Array(await crypto.subtle.sign(algorithm, key, text as never)))}`;
  }
  return {
    issue: (now) => sign(secrets[0] as string, Math.floor(now / 1000).toString(36)),
    async isValid(nonce, now) {
      // A client may send any JSON value, also one that cannot become text.
      const [time = ""] = typeof nonce === "string" ? nonce.split(".") : [];
      const age = now / 1000 - Number.parseInt(time, 36);
      if (!(age < NONCE_LIFETIME && age > -NONCE_AHEAD)) return false;
      // Of public text and one of its signatures: a comparison in constant time hides nothing that a client could not learn.
      for (const secret of secrets) if ((await sign(secret, time)) === nonce) return true;
      return false;
    },
  };
}
