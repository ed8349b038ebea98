import { sha256 } from "../bytes.js";
import { ExchangeError, exchangeErrorOf } from "../errors.js";
import type { Ports } from "../ports.js";
import { isText, type Members } from "../provider/claims.js";
import { authenticate, type ClientCredentials } from "../provider/client-authentication.js";
import { discover } from "../provider/discovery.js";
import { endpointUrl } from "../provider/endpoint.js";
import { createNetwork } from "../provider/network.js";
import { fetchJson } from "../provider/response.js";
import type { AccessTokenSettings, TokenIntrospection, TrustedIssuer, VerifiedClaims } from "./access-token.js";
import { PAUSE, pausing } from "./pausing.js";
import { type Refused, unavailable } from "./refusal.js";

/** How an API asks its provider about tokens (RFC 7662). */
export interface IntrospectionSettings extends ClientCredentials {
  readonly clientId: string;
  /** The URL of the endpoint, in the place of the one in the discovery document. */
  readonly introspectionEndpoint?: string | undefined;
  /** Seconds for which an answer is used again. */
  readonly maxAge: number;
  /** Members that an answer may lack. */
  readonly mayLack: readonly string[];
}

/** What the provider said about an active token. */
interface CachedAnswer {
  readonly answer: Members;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/** Answers that a process keeps. */
const MAX_ANSWERS = 10_000;

/**
 * Asks the provider whether a token is active, and what it says (RFC 7662 2).
 *
 * Theory of operation. The answer about an active token is kept for `maxAge`, and never beyond the token's `exp`, under a hash of the
 * token: the memory holds no token that could be used. No other answer is kept, so that no client can fill the memory with tokens that it
 * invents; the oldest answer makes room for a new one. If the provider does not answer at all, no request is sent for a second.
 */
export function createIntrospection(settings: IntrospectionSettings): TokenIntrospection {
  const { maxAge, mayLack } = settings;
  const answers = new Map<string, CachedAnswer>();
  const ask = createQuestion(settings);

  /** The answer of the provider about a token. @throws ExchangeError */
  async function answerFor(token: string, trusted: Parameters<typeof ask>[1], ports: Ports): Promise<Members> {
    const key = await sha256(`${trusted.issuer} ${token}`);
    const now = ports.now();
    const cached = answers.get(key);
    // `until` is too far away if the clock was set back.
    if (cached && cached.until > now && cached.until <= now + maxAge * 1000) return cached.answer;
    answers.delete(key);
    const answer = normalise(await ask(token, trusted, ports));
    // RFC 7662 2.2: `active` is required. A page of a proxy is no answer about the token.
    if (!("active" in answer)) throw new ExchangeError("provider_invalid", { cause: { member: "active" } });
    const until = Math.min(now + maxAge * 1000, Number(answer["exp"] ?? Infinity) * 1000);
    if (answer["active"] === true && until > now) {
      const [oldest] = answers.keys();
      if (answers.size >= MAX_ANSWERS && oldest) answers.delete(oldest);
      answers.set(key, { answer, until });
    }
    return answer;
  }

  return {
    async check(token, trusted, ports) {
      try {
        return claimsOf(await answerFor(token, trusted, ports), trusted, mayLack);
      } catch (thrown) {
        const error = exchangeErrorOf(thrown);
        const isClientWrong = error.code === "client_rejected";
        return unavailable(error, isClientWrong ? "clientId, clientSecret of introspection" : "issuer, network");
      }
    },
  };
}

/** Sends the request of RFC 7662 2.1. */
function createQuestion(settings: IntrospectionSettings) {
  /** When the provider last failed to answer, by issuer. */
  const failures = new Map<string, number>();
  return async (token: string, trusted: TrustedIssuer & Pick<AccessTokenSettings, "httpTimeout">, ports: Ports) => {
    const { issuer } = trusted;
    const network = createNetwork(trusted, ports);
    const age = ports.now() - (failures.get(issuer) ?? NaN);
    if (age >= 0 && age < PAUSE) throw new ExchangeError("provider_unreachable", { cause: { issuer, pause: PAUSE } });
    const url =
      settings.introspectionEndpoint ?? endpointUrl(await discover(pausing(network)), "introspection_endpoint").href;
    const form = new URLSearchParams({ token, token_type_hint: "access_token" });
    const headers = {
      accept: "application/json",
      "content-type": "application/x-www-form-urlencoded",
      ...(await authenticate({ ...settings, issuer, endpoint: url }, ports, form)),
    };
    const { clientSecret } = settings;
    try {
      return await fetchJson({ fetch: network.fetch, clientSecret }, url, { method: "POST", headers, body: `${form}` });
    } catch (error) {
      const { code, cause } = error as ExchangeError;
      // Only if no response came: any client can send a token that the provider answers with an error.
      const { status } = (cause ?? {}) as { readonly status?: number };
      if (code === "provider_unreachable" && status === undefined) failures.set(issuer, ports.now());
      throw error;
    }
  };
}

/** Numbers of an answer; some providers send them as text. */
const NUMBERS: readonly string[] = ["exp", "iat", "nbf", "auth_time"];

/** An answer without members that say nothing, and with numbers and `active` in their own types. */
function normalise(answer: Members): Members {
  const members = Object.entries(answer).flatMap(([name, value]): Array<[string, unknown]> => {
    if (value === null || value === "") return [];
    if (NUMBERS.includes(name) && isText(value) && /^\d+$/.test(value)) return [[name, Number(value)]];
    return [[name, name === "active" ? value === true || value === "true" : value]];
  });
  return Object.fromEntries(members);
}

const refused = (reason: string, advice?: string): Refused => ({
  refusal: { code: "invalid_token", reason, ...(advice && { advice }) },
});

/** The claims of an active token; or the refusal of another, or of one that is no access token. */
function claimsOf(
  { active, ...members }: Members,
  { introspection: _introspection, ...trusted }: TrustedIssuer,
  mayLack: readonly string[],
): VerifiedClaims | Refused {
  // RFC 7662 2.2: nothing else is said about a token that is not active.
  if (active !== true) return refused("active");
  const { iss = trusted.issuer, client_id: clientId, username, sub, token_type: type, token_use: use } = members;
  // RFC 7662 2.1: refresh tokens are introspected too, and must not pass as access tokens.
  const typeName = isText(type) ? type : "";
  if (type === undefined ? !mayLack.includes("token_type") : !/^(bearer|dpop|access_token)$/i.test(typeName))
    return refused("token_type", type === undefined ? "mayLack of introspection" : undefined);
  if (use !== undefined && use !== "access" && use !== "access_token") return refused("token_use");
  // RFC 9449 6.2: the answer about a bound token has `cnf`.
  if (/^dpop$/i.test(typeName) && members["cnf"] === undefined) return refused("cnf");
  // RFC 9068 2.2: the subject of a token without a user is its client.
  const subject = sub ?? (username === undefined ? clientId : undefined);
  return {
    claims: { ...members, iss, ...(subject !== undefined && { sub: subject }) },
    header: {},
    trusted: {
      ...trusted,
      profile: "any",
      clientIds: mayLack.includes("aud") ? [clientId] : trusted.clientIds,
    },
  };
}
