import { ExchangeError } from "../../core/errors.js";
import type { AuthorizationOptions } from "../../core/exchange/authorization.js";
import { isSpecial, type TokenRequest } from "../../core/exchange/token-set.js";
import type { ClientSession } from "./client-session.js";
import { authorizeInFrame } from "./frame.js";
import { currentPath } from "./page.js";
import { sessionAfter } from "./session.js";
import { type ClientContext, leaveToSignIn, type PageSignInRequest, signInElsewhere } from "./sign-in.js";

/** A hidden frame may take this many times `httpTimeout`: it loads several pages one after the other. */
const PAGES = 3;
/** Milliseconds within which the browser leaves the page. */
const LEAVE_TIMEOUT = 10_000;

/** The options of a sign-in without interaction, only for the user of `previous` (OpenID Connect Core 3.1.2.1). */
function silentOptions(previous: ClientSession | null): AuthorizationOptions & Pick<PageSignInRequest, "subject"> {
  const idToken = previous?.tokens.idToken;
  return {
    prompt: "none",
    subject: previous?.user.sub,
    organization: previous?.organization,
    params: idToken === undefined ? {} : { id_token_hint: idToken },
  };
}

/**
 * Signs in by the session at the provider, in a hidden frame.
 * @throws ExchangeError `login_required` if the provider has no session, or one of another user
 */
export async function signInByFrame(
  context: ClientContext,
  tokenRequest: TokenRequest,
  previous: ClientSession | null,
): Promise<ClientSession> {
  const request = {
    ...silentOptions(previous),
    mode: "frame",
    returnTo: "/",
    tokenRequest,
    scope: isSpecial(tokenRequest) ? undefined : previous?.scope,
  } as const;
  const visit = (url: string, state: string) => authorizeInFrame(url, state, PAGES * context.httpTimeout);
  return sessionAfter(context, await signInElsewhere(context, request, visit), previous);
}

/**
 * Signs in by the session at the provider, in this page, which goes to the provider and comes back: a browser withholds cookies
 * from frames, but not from a page. @throws ExchangeError `login_required` if the page has not left after ten seconds, or came
 * back from the back-forward cache
 */
export async function leaveToSignInSilently(context: ClientContext, previous: ClientSession | null): Promise<never> {
  await leaveToSignIn(context, {
    ...silentOptions(previous),
    mode: "silent",
    returnTo: currentPath(),
    tokenRequest: {},
  });
  return new Promise<never>((_resolve, reject) => {
    setTimeout(reject, LEAVE_TIMEOUT, new ExchangeError("login_required"));
  });
}
