import type { EndpointFaults } from "./faults.js";
import type { AuthorizationResponse, AuthorizeOptions } from "./provider-options.js";
import { type Claims, randomId } from "./tokens.js";

/** A user who is signed in at the provider. */
export interface OpSession {
  readonly user: Readonly<Claims>;
  /** Seconds. */
  readonly authTime: number;
  readonly sid: string;
}

/** A sign-in that the provider granted, with the parameters of its authorization request. */
export interface Grant extends OpSession {
  readonly parameters: URLSearchParams;
}

interface AuthorizationOptions {
  readonly issuer: string;
  readonly clientId: string;
  readonly redirectUris?: readonly string[] | undefined;
  /** RFC 9207. */
  readonly sendIss: boolean;
  /** The user who signs in unless `authorize` or `signInAs` names another. */
  readonly user: Readonly<Claims>;
  /** The time in seconds. */
  seconds(): number;
  issueCode(grant: Grant): string;
}

/** Seconds that a pushed request can be used for (RFC 9126 2.2). */
export const PUSHED_LIFETIME = 60;

/** The authorization endpoint, and the user's session at the provider. */
export function createAuthorization(options: AuthorizationOptions) {
  const { clientId, redirectUris, seconds } = options;
  const pushedRequests = new Map<string, { parameters: URLSearchParams; until: number }>();
  let defaultUser = checkUser(options.user);
  let session: OpSession | undefined;

  function signIn(user: Readonly<Claims>): OpSession {
    defaultUser = checkUser(user);
    session = { user, authTime: seconds(), sid: randomId() };
    return session;
  }

  /** The current session if it is fresh enough, else a new one unless `prompt=none` forbids it (OpenID Connect Core 3.1.2.1, 3.1.2.3). */
  function authenticate(parameters: URLSearchParams, user: Readonly<Claims> | undefined): OpSession | undefined {
    const prompts = promptsOf(parameters);
    const maxAge = Number(parameters.get("max_age") ?? Number.POSITIVE_INFINITY);
    const isFresh = session && !prompts.includes("login") && maxAge > 0 && seconds() - session.authTime <= maxAge;
    if (prompts.includes("none")) return isFresh ? session : undefined;
    return isFresh && !user ? session : signIn(user ?? defaultUser);
  }

  function decide(parameters: URLSearchParams, { deny, error, user }: AuthorizeOptions): Record<string, string> {
    const refusal = error ?? (deny ? "access_denied" : requestError(parameters));
    if (refusal) return { error: refusal };
    const opSession = authenticate(parameters, user);
    return opSession ? { code: options.issueCode({ ...opSession, parameters }) } : { error: "login_required" };
  }

  /** The parameters of a request. A `request_uri` may be used once, until it expires, by the client that pushed it (RFC 9126 4). */
  function resolve(query: URLSearchParams): URLSearchParams {
    const reference = query.get("request_uri");
    const request = reference === null ? { parameters: query, until: seconds() } : pushedRequests.get(reference);
    if (reference !== null) pushedRequests.delete(reference);
    if (!request || request.until < seconds()) throw new TypeError("request_uri is unknown, used or expired");
    const isClient = [query, request.parameters].every((parameters) => parameters.get("client_id") === clientId);
    if (!isClient) throw new TypeError(`client_id is not "${clientId}"`);
    return request.parameters;
  }

  return {
    signIn,
    signOut() {
      session = undefined;
    },
    /** The error code for a pushed request that is invalid, else undefined (RFC 9126 2.3). */
    pushError: (form: URLSearchParams): string | undefined =>
      form.has("request_uri") || form.get("client_id") !== clientId || !isRegistered(form, redirectUris)
        ? "invalid_request"
        : requestError(form),
    push(parameters: URLSearchParams): string {
      const reference = `urn:ietf:params:oauth:request_uri:${randomId()}`;
      pushedRequests.set(reference, { parameters, until: seconds() + PUSHED_LIFETIME });
      return reference;
    },
    /** @throws TypeError when the redirect URI cannot be trusted, so that no response can be sent to it (RFC 6749 4.1.2.1) */
    authorize(query: URLSearchParams, user: AuthorizeOptions, faults: EndpointFaults): AuthorizationResponse {
      const parameters = resolve(query);
      if (!isRegistered(parameters, redirectUris)) throw new TypeError("redirect_uri is not registered");
      const response = new URLSearchParams(decide(parameters, user));
      if (faults.commits("missing_code_in_response")) response.delete("code");
      echoState(response, parameters, faults);
      if (faults.commits("wrong_iss_in_response")) response.set("iss", "https://another.example");
      else if (options.sendIss && !faults.commits("missing_iss_in_response")) response.set("iss", options.issuer);
      const target = new URL(parameters.get("redirect_uri") ?? "");
      if (parameters.get("response_mode") === "form_post")
        return { url: target.href, method: "POST", body: response.toString() };
      // RFC 6749 3.1.2: the redirect URI's own query stays.
      for (const [name, value] of response) target.searchParams.append(name, value);
      return { url: target.href, method: "GET" };
    },
  };
}

/** Adds the state of a request to the response for it. */
export function echoState(response: URLSearchParams, request: URLSearchParams, faults: EndpointFaults): void {
  const state = request.get("state");
  if (state === null || faults.commits("missing_state_in_response")) return;
  response.set("state", faults.commits("wrong_state_in_response") ? `${state}1` : state);
}

const promptsOf = (parameters: URLSearchParams): string[] =>
  (parameters.get("prompt") ?? "").split(" ").filter((prompt) => prompt !== "");

/** The error code for an authorization request that is invalid, else undefined. */
function requestError(parameters: URLSearchParams): string | undefined {
  if (parameters.get("response_type") !== "code") return "unsupported_response_type";
  // RFC 7636 4.4.1: a server may require PKCE; this provider does.
  if (parameters.get("code_challenge_method") !== "S256" || !parameters.get("code_challenge")) return "invalid_request";
  if (!["query", "form_post"].includes(parameters.get("response_mode") ?? "query")) return "invalid_request";
  if (!/^\d+$/.test(parameters.get("max_age") ?? "0")) return "invalid_request";
  const prompts = promptsOf(parameters);
  return prompts.includes("none") && prompts.length > 1 ? "invalid_request" : undefined;
}

/** RFC 9700 2.1: redirect URIs are compared as strings. A client that registered none may use any absolute URL. */
function isRegistered(parameters: URLSearchParams, registered: readonly string[] | undefined): boolean {
  const redirectUri = parameters.get("redirect_uri") ?? "";
  return registered ? registered.includes(redirectUri) : URL.canParse(redirectUri);
}

function checkUser(user: Readonly<Claims>): Readonly<Claims> {
  if (typeof user["sub"] === "string" && user["sub"] !== "") return user;
  throw new TypeError('a user of the test provider needs a sub, such as { sub: "alice" }');
}
