import { toBase64url } from "../../core/bytes.js";
import { DEFAULT_SCOPE } from "../../core/defaults.js";
import { errorText, NEEDS_USER } from "../../core/exchange/checks.js";
import { authenticate, type ClientAuthentication } from "../../core/provider/client-authentication.js";
import type { ClientContext } from "./context.js";
import { quoted } from "./findings.js";
import { type Answer, reasonOf } from "./probe.js";
import { endpointIn } from "./provider.js";

/*
 * Requests to the provider that try the client without a user:
 * - an authorization request with `prompt=none` (OpenID Connect Core 3.1.2.1): a provider that knows the client and the redirect URI
 *   redirects to it, with an error; any other must not redirect there (RFC 6749 4.1.2.1);
 * - a pushed authorization request (RFC 9126), which the client authenticates;
 * - a token request with a code that no provider issued: a client that authenticates gets `invalid_grant`, any other `invalid_client`.
 */

/**
 * What a trial showed: the provider took the request; refused the client; refused the redirect URI; refused something else; or
 * neither can be said.
 */
export interface Trial {
  readonly outcome: "accepted" | "client_refused" | "redirect_refused" | "refused" | "unclear";
  /** The provider's `error`. */
  readonly error?: string | undefined;
  /** What the provider said, for the finding. */
  readonly said: string;
}

/** What a response that refuses says, without what was sent. A provider may repeat that. */
function saidIn({ status, json }: Answer, sent: readonly string[]) {
  const hide = (text: string) => sent.reduce((shown, each) => shown.replaceAll(each, "***"), text);
  const text = (member: string) => (typeof json?.[member] === "string" ? quoted(hide(json[member])) : undefined);
  const [error, description] = [text("error"), text("error_description")];
  const said = [error, description].filter(Boolean).join(": ");
  return { error, said: said ? `"${said}"` : `status ${status}` };
}

const isClientError = (status: number, error: string | undefined): boolean =>
  status === 401 || error === "invalid_client";

const isAboutRedirect = (text: string): boolean =>
  /redirect[ _-]?ur[il]|callback ?url|AADSTS50011|AADSTS900971/i.test(text);
const isAboutClient = (text: string): boolean =>
  /invalid_client|unknown client|client(_id| id|)\b.{0,40}(not |un|invalid|mismatch)|(unknown|invalid|no) (application|client)|AADSTS700016/i.test(
    text,
  );

/** The parameters of an authorization request of this app. */
function parametersFor({ config, random }: ClientContext, redirectUri: string): Record<string, string> {
  const fresh = (bytes: number) => toBase64url(random(bytes));
  return {
    ...config.authorizationParams,
    client_id: config.provider.clientId,
    response_type: "code",
    scope: config.scope || DEFAULT_SCOPE,
    redirect_uri: redirectUri,
    state: fresh(16),
    nonce: fresh(16),
    // Any 32 bytes look like the hash of a verifier (RFC 7636 4.2), and no code is redeemed with it.
    code_challenge: fresh(32),
    code_challenge_method: "S256",
  };
}

/** Parameters that no finding may show (RFC 6749, RFC 7636, RFC 7523). */
const HIDDEN = ["client_assertion", "client_secret", "code", "code_verifier", "code_challenge", "state", "nonce"];

/** Sends a form that the client authenticates. `sent`: what must not be shown of it. */
async function post(
  context: ClientContext,
  url: string,
  method: ClientAuthentication,
  parameters: Record<string, string>,
) {
  const { config, now, random, probe } = context;
  const form = new URLSearchParams();
  const settings = { ...config.provider, clientAuthentication: method, endpoint: url };
  const headers = await authenticate(settings, { now, random, fetch: () => Promise.reject() }, form);
  for (const [name, value] of Object.entries(parameters)) form.set(name, value);
  const fixed = { accept: "application/json", "content-type": "application/x-www-form-urlencoded" };
  const answer = await probe(url, { method: "POST", headers: { ...fixed, ...headers }, body: `${form}` });
  const { authorization = "" } = headers;
  // Here already, because a part of a secret at the end of a text that is cut would not be found afterwards.
  const { clientSecret = "" } = config.provider;
  const values = [
    authorization.replace(/^Basic /, ""),
    clientSecret,
    encodeURIComponent(clientSecret),
    ...HIDDEN.flatMap((name) => form.getAll(name)),
  ];
  return { answer, sent: values.filter(Boolean) };
}

/** Pushes an authorization request (RFC 9126 2). */
export async function tryPush(
  context: ClientContext,
  url: string,
  method: ClientAuthentication,
  redirectUri: string,
): Promise<Trial> {
  const { answer, sent } = await post(context, url, method, parametersFor(context, redirectUri));
  if (answer.failure) return { outcome: "unclear", said: reasonOf(answer, url) };
  if (answer.status < 300 && typeof answer.json?.["request_uri"] === "string") return { outcome: "accepted", said: "" };
  const { error, said } = saidIn(answer, sent);
  if (isClientError(answer.status, error)) return { outcome: "client_refused", error, said };
  if (!error) return { outcome: "unclear", said };
  // RFC 9126 2.3 has no code for a redirect URI that is not registered: some send invalid_request with a description, or without one.
  const isRedirect =
    error === "invalid_redirect_uri" || (error === "invalid_request" && (isAboutRedirect(said) || !said.includes(":")));
  return { outcome: isRedirect ? "redirect_refused" : "refused", error, said };
}

/** Redeems a code that no provider issued (RFC 6749 4.1.3). */
export async function tryToken(
  context: ClientContext,
  method: ClientAuthentication,
  redirectUri: string,
): Promise<Trial> {
  const url = endpointIn(context.metadata, "token_endpoint");
  if (!url) return { outcome: "unclear", said: "there is no token endpoint" };
  const fresh = () => toBase64url(context.random(32));
  const { answer, sent } = await post(context, url, method, {
    grant_type: "authorization_code",
    code: fresh(),
    code_verifier: fresh(),
    redirect_uri: redirectUri,
  });
  if (answer.failure) return { outcome: "unclear", said: reasonOf(answer, url) };
  const { error, said } = saidIn(answer, sent);
  if (error === "invalid_grant") return { outcome: "accepted", said };
  if (isClientError(answer.status, error)) return { outcome: "client_refused", error, said };
  return {
    outcome: error === "unauthorized_client" || error === "unsupported_grant_type" ? "refused" : "unclear",
    error,
    said,
  };
}

/** Sends an authorization request that no user takes part in. */
export async function tryAuthorization(context: ClientContext, redirectUri: string): Promise<Trial> {
  const endpoint = endpointIn(context.metadata, "authorization_endpoint");
  if (!endpoint) return { outcome: "unclear", said: "there is no authorization endpoint" };
  const url = new URL(endpoint);
  const parameters = { ...parametersFor(context, redirectUri), prompt: "none" };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  const answer = await context.probe(url.href, { headers: { accept: "text/html" } });
  if (answer.failure) return { outcome: "unclear", said: reasonOf(answer, endpoint) };
  const location = answer.headers.get("location");
  if (location?.startsWith(redirectUri) && URL.canParse(location)) {
    const { searchParams } = new URL(location);
    const [error, description] = ["error", "error_description"].map((name) => {
      const text = errorText(searchParams, searchParams.get(name) ?? undefined);
      return text && quoted(text);
    });
    // The provider knows the client and the redirect URI, and only lacks a user.
    if (!error || NEEDS_USER.test(error)) return { outcome: "accepted", said: "" };
    return { outcome: "refused", error, said: `"${[error, description].filter(Boolean).join(": ")}"` };
  }
  // An error page, or a redirect to one: which of both values it is about may stand in its text.
  const text = `${location ?? ""} ${answer.text ?? ""}`;
  const isError = answer.status >= 400 || /[?&/](auth)?error\b/i.test(location ?? "") || /AADSTS\d+/.test(text);
  const said = `an error page with status ${answer.status}`;
  if (!isError) return { outcome: "unclear", said: `status ${answer.status}` };
  if (answer.status >= 500 || answer.status === 429) return { outcome: "unclear", said };
  // Links of the page may repeat the parameters of the request.
  const words = text.replace(/(redirect_uri|client_id)(=|%3d)[^\s"'&]*/gi, "");
  if (isAboutRedirect(words)) return { outcome: "redirect_refused", said };
  return { outcome: isAboutClient(words) ? "client_refused" : "refused", said };
}
