import type { FaultsHere } from "./faults.js";
import type { AuthorizationResponse, AuthorizeOptions } from "./provider-options.js";
import { type Claims, randomId } from "./tokens.js";

/** A user who is signed in at the provider. */
export interface OpSession {
  readonly user: Readonly<Claims>;
  /** Seconds. */
  readonly authTime: number;
  readonly sid: string;
}

/** What a user agreed to. */
export interface Grant extends OpSession {
  readonly parameters: URLSearchParams;
}

interface AuthorizationOptions {
  readonly issuer: string;
  readonly clientId: string;
  readonly redirectUris?: readonly string[] | undefined;
  /** RFC 9207. */
  readonly sendIss: boolean;
  /** Who signs in unless told otherwise. */
  readonly user: Readonly<Claims>;
  seconds(): number;
  issueCode(grant: Grant): string;
}

/** Seconds that a pushed request can be used for (RFC 9126 2.2). */
export const PUSHED_LIFETIME = 60;

/** The authorization endpoint, and the user's session at the provider. */
export function createAuthorization(options: AuthorizationOptions) {
  const { clientId, redirectUris, seconds } = options;
  const pushed = new Map<string, { parameters: URLSearchParams; until: number }>();
  let usual = checkUser(options.user);
  let session: OpSession | undefined;

  function signIn(user: Readonly<Claims>): OpSession {
    usual = checkUser(user);
    session = { user, authTime: seconds(), sid: randomId() };
    return session;
  }

  /** Core 3.1.2.1, 3.1.2.3: the session there is if it will do, a new one if the user may be asked. */
  function authenticate(parameters: URLSearchParams, user: Readonly<Claims> | undefined): OpSession | undefined {
    const prompts = promptsOf(parameters);
    const maxAge = Number(parameters.get("max_age") ?? Number.POSITIVE_INFINITY);
    const isFresh = session && !prompts.includes("login") && maxAge > 0 && seconds() - session.authTime <= maxAge;
    if (prompts.includes("none")) return isFresh ? session : undefined;
    return isFresh && !user ? session : signIn(user ?? usual);
  }

  function decide(parameters: URLSearchParams, { deny, error, user }: AuthorizeOptions): Record<string, string> {
    const refusal = error ?? (deny ? "access_denied" : requestError(parameters));
    if (refusal) return { error: refusal };
    const found = authenticate(parameters, user);
    return found ? { code: options.issueCode({ ...found, parameters }) } : { error: "login_required" };
  }

  /** RFC 9126 4: a reference is good once, for a while, for the client that pushed it. */
  function resolve(query: URLSearchParams): URLSearchParams {
    const reference = query.get("request_uri");
    const found = reference === null ? { parameters: query, until: seconds() } : pushed.get(reference);
    if (reference !== null) pushed.delete(reference);
    if (!found || found.until < seconds()) throw new TypeError("request_uri is unknown, used or expired");
    const isClient = [query, found.parameters].every((parameters) => parameters.get("client_id") === clientId);
    if (!isClient) throw new TypeError(`client_id is not "${clientId}"`);
    return found.parameters;
  }

  return {
    signIn,
    signOut() {
      session = undefined;
    },
    /** What is wrong with a request that is pushed; undefined when nothing is (RFC 9126 2.3). */
    pushError: (form: URLSearchParams): string | undefined =>
      form.has("request_uri") || form.get("client_id") !== clientId || !isRegistered(form, redirectUris)
        ? "invalid_request"
        : requestError(form),
    push(parameters: URLSearchParams): string {
      const reference = `urn:ietf:params:oauth:request_uri:${randomId()}`;
      pushed.set(reference, { parameters, until: seconds() + PUSHED_LIFETIME });
      return reference;
    },
    /** @throws TypeError when there is nowhere to send the user back to (RFC 6749 4.1.2.1) */
    authorize(query: URLSearchParams, asked: AuthorizeOptions, faults: FaultsHere): AuthorizationResponse {
      const parameters = resolve(query);
      if (!isRegistered(parameters, redirectUris)) throw new TypeError("redirect_uri is not registered");
      const response = new URLSearchParams(decide(parameters, asked));
      if (faults.commits("missing_code_in_response")) response.delete("code");
      echoState(response, parameters, faults);
      if (faults.commits("wrong_iss_in_response")) response.set("iss", "https://another.example");
      else if (options.sendIss && !faults.commits("missing_iss_in_response")) response.set("iss", options.issuer);
      const target = new URL(parameters.get("redirect_uri") ?? "");
      if (parameters.get("response_mode") === "form_post")
        return { url: target.href, method: "POST", body: response.toString() };
      // RFC 6749 3.1.2: a query that the redirect URI has is kept.
      for (const [name, value] of response) target.searchParams.append(name, value);
      return { url: target.href, method: "GET" };
    },
  };
}

/** Adds the state of a request to its response. */
export function echoState(response: URLSearchParams, asked: URLSearchParams, faults: FaultsHere): void {
  const state = asked.get("state");
  if (state === null || faults.commits("missing_state_in_response")) return;
  response.set("state", faults.commits("wrong_state_in_response") ? `${state}1` : state);
}

const promptsOf = (parameters: URLSearchParams): string[] =>
  (parameters.get("prompt") ?? "").split(" ").filter((prompt) => prompt !== "");

/** What an authorization request gets wrong; undefined when nothing. */
function requestError(parameters: URLSearchParams): string | undefined {
  if (parameters.get("response_type") !== "code") return "unsupported_response_type";
  // RFC 7636 4.4.1: here, PKCE is required.
  if (parameters.get("code_challenge_method") !== "S256" || !parameters.get("code_challenge")) return "invalid_request";
  if (!["query", "form_post"].includes(parameters.get("response_mode") ?? "query")) return "invalid_request";
  if (!/^\d+$/.test(parameters.get("max_age") ?? "0")) return "invalid_request";
  const prompts = promptsOf(parameters);
  return prompts.includes("none") && prompts.length > 1 ? "invalid_request" : undefined;
}

/** RFC 9700 2.1: compared as strings. Where nothing is registered, any absolute URL will do. */
function isRegistered(parameters: URLSearchParams, registered: readonly string[] | undefined): boolean {
  const redirectUri = parameters.get("redirect_uri") ?? "";
  return registered ? registered.includes(redirectUri) : URL.canParse(redirectUri);
}

function checkUser(user: Readonly<Claims>): Readonly<Claims> {
  if (typeof user["sub"] === "string" && user["sub"] !== "") return user;
  throw new TypeError('a user of the test provider needs a sub, such as { sub: "alice" }');
}
