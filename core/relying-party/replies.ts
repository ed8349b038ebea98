import { ExchangeError, type ExchangeErrorCode } from "../errors.js";
import type { Reply } from "../request/response.js";
import type { RequestView } from "../request/view.js";
import type { SessionRefusal } from "../session/refusal.js";

const reply = (status: number, headers: Record<string, string>, body: string | null): Reply => ({
  status,
  headers,
  body,
});

/** 303 after a POST, so that no form is sent on (RFC 9700 4.12); 302 otherwise. */
export const redirect = (to: string, method: string): Reply =>
  reply(method === "POST" ? 303 : 302, { location: to }, null);

export const json = (status: number, value: unknown, headers?: Readonly<Record<string, string>>): Reply =>
  reply(status, { "content-type": "application/json; charset=utf-8", ...headers }, JSON.stringify(value));

export const methodNotAllowed = (allow: string): Reply => reply(405, { allow }, null);

/**
 * Declines a request that is not a user's navigation. A speculative request must get an error, since the browser would show
 * any 2xx at the later click. A router in the page takes 204 as a sign to navigate instead.
 */
export const decline = ({ headers }: RequestView): Reply =>
  reply(headers.get("sec-purpose") === null ? 204 : 503, {}, null);

/** The reply to a request that needs the store, or the provider, while that is away. */
export const unavailable = (error: string): Reply => json(503, { error }, { "retry-after": "5" });

/** The reply of API routes to a request without a session. `reason`: why it has none. */
export const notAuthenticated = (reason?: SessionRefusal): Reply =>
  reason === "store_unavailable"
    ? unavailable(reason)
    : json(401, {
        error: "not_authenticated",
        description: "Sign in first.",
      });

/**
 * For a page, which cannot answer 503. `reason`: why its request has no session.
 * @throws ExchangeError `store_unavailable` if the store cannot give the session now: the user need not sign in again
 */
export function mustNotBeAway(reason: SessionRefusal | undefined): void {
  if (reason === "store_unavailable") throw new ExchangeError(reason);
}

const TEXTS: Partial<Record<ExchangeErrorCode, string>> = {
  no_transaction:
    "This sign-in was not started in this browser, or it has ended. If this happens every time, " +
    "your browser blocks cookies, or you started at another address of this site.",
  transaction_expired: "The sign-in took too long.",
  access_denied: "Access was refused.",
  login_required: "You are not signed in at the identity provider.",
  provider_unreachable: "The identity provider cannot be reached.",
};

/** A page of fixed text: nothing of the request is in it (S19). */
export function errorPage({ code, status }: ExchangeError, loginPath: string): Reply {
  const text = TEXTS[code] ?? "The sign-in failed.";
  return reply(
    status,
    {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy":
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
      // The URL of this page may contain an authorization code.
      "referrer-policy": "no-referrer",
    },
    `<!doctype html>
<html lang="en">
<meta name="viewport" content="width=device-width">
<title>Sign-in failed</title>
<style>body{font:18px/1.6 system-ui;max-width:34em;margin:15vh auto;padding:1em;color-scheme:light dark}</style>
<h1>Sign-in failed</h1>
<p>${text}</p>
<p><a href="${loginPath}">Sign in again</a></p>
<code>${code}</code>
`,
  );
}
