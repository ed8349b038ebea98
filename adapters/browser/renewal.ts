import { ExchangeError, must } from "../../core/errors.js";
import { failure } from "../../core/events.js";
import { renewToken } from "../../core/exchange/renewal.js";
import type { Renewal } from "../../core/exchange/token-life.js";
import { accessTokensOf, type TokenRequest } from "../../core/exchange/token-set.js";
import { revokeUnused } from "./accept-sign-in.js";
import type { ClientSession } from "./client-session.js";
import { codeOf, failedRefresh, hasEnded, renewalPlan, servingToken, tokenStatus } from "./renewal-rules.js";
import { normalizeRequest, sessionAfterRefresh } from "./session.js";
import type { Settings } from "./settings.js";
import { type ClientContext, resourceOf } from "./sign-in.js";
import { leaveToSignInSilently, signInByFrame } from "./silent-sign-in.js";
import { recordLeave } from "./transactions.js";
import type { Turn } from "./turn.js";

/** Milliseconds after a failure in which a token that is due but valid is used without a new attempt. */
const BACKOFF = 10_000;

/**
 * How a page gets tokens without the user: when it starts (`restoreSession`), and when an access token is due (`getAccessToken`).
 *
 * State. All tabs share the session, and only a tab in its turn changes it (`tabs.ts`, with an example of a renewal among three
 * tabs). `Renewals` adds two things of this tab: the renewals in progress, so that callers that need the same token share one;
 * and the time until which this tab does not try again after a failure.
 *
 * The order of a renewal:
 * 1. `getAccessToken` returns a valid token that is not due, without a turn.
 * 2. `renew` takes a turn and checks the token again: another tab may have renewed it while this tab waited for its turn.
 * 3. `renewToken` (core/exchange/renewal.ts) calls `fetchTokens`, which follows a plan (`renewal-rules.ts`): the refresh token
 *    first, then the hidden frame. If the refresh token may be used up, the frame comes first. The frame is the only step if the
 *    session has no refresh token; without `resourceIndicators`, also if the request is for another audience or scope.
 * 4. The turn reserves the refresh token before it sends that token (`turn.reserveRefresh`). If the reservation fails, the turn
 *    sends no refresh token, and goes on with the frame.
 * 5. `renewToken` stores the new tokens (`turn.replaceSession`) before the caller gets one. All tabs get them; if the record
 *    cannot be written, they stay in this tab.
 *
 * What can go wrong.
 * - A refresh fails without an HTTP status of the provider: the session stays, and is marked as doubtful in all tabs.
 * - The provider ends the grant: the frame is tried. If the provider has no session either, the session ends.
 * - The browser withholds the provider's cookies from the frame, so that the frame gets `login_required` although the user is
 *   signed in at the provider. With `allowRedirect` the page itself goes to the provider and comes back; without it the session
 *   ends when no token is left.
 * - The user signs out in another tab meanwhile: new tokens are revoked, and the caller gets `no_session`.
 */
export interface Renewals extends ClientContext {
  /** The renewals of this tab, by request and user: each resolves with an access token. */
  readonly inProgress: Map<string, Promise<string>>;
  /** Milliseconds since the epoch. */
  backOffUntil: number;
}

const isBackingOff = ({ backOffUntil, ports }: Renewals) => backOffUntil > ports.now();

const backOff = (context: Renewals) => {
  context.backOffUntil = context.ports.now() + BACKOFF;
};

/** Restores the session: from other tabs, or from the provider by a hidden frame. @throws ExchangeError */
export async function restoreSession(context: Renewals): Promise<void> {
  const mustLeave = await context.takeTurn((turn) => restoreInTurn(context, turn));
  if (mustLeave) await leaveToSignInSilently(context, context.session());
}

/** True if the page itself must go to the provider to find a session, because the frame found none. */
async function restoreInTurn(context: Renewals, turn: Turn): Promise<boolean> {
  if (context.session() || turn.wasSignedIn === false) return false;
  try {
    const session = await signInByFrame(context, {}, null);
    // False if the user signed out meanwhile.
    if (!(await turn.replaceSession(session))) revokeUnused(context, session.tokens.refreshToken);
    return false;
  } catch (error) {
    if (codeOf(error) !== "login_required") throw error;
    context.emit(failure(error as ExchangeError));
  }
  // A tab that was busy may have time by now.
  await turn.requestAgain();
  if (context.session()) return false;
  if (context.allowRedirect && turn.wasSignedIn) return recordLeave(context.ports.now());
  await turn.recordNoSession();
  return false;
}

/** A valid access token, renewed if it is due. @throws ExchangeError, MisuseError */
export async function getAccessToken(context: Renewals, request: TokenRequest): Promise<string> {
  const { inProgress, ports } = context;
  const { now } = ports;
  const session = context.session();
  if (!session) throw new ExchangeError("no_session");
  const { user, tokens } = session;
  const tokenRequest = checkedRequest(context, session, request);
  const status = tokenStatus(tokens, tokenRequest, now());
  const token = tokenRequest.refresh ? undefined : servingToken(status, isBackingOff(context));
  if (token) return token.accessToken;
  const rejectedToken = tokenRequest.refresh ? status.token?.accessToken : undefined;
  const key = JSON.stringify([tokenRequest, user.sub]);
  const renewal = inProgress.get(key) ?? renew(context, tokenRequest, user.sub, rejectedToken);
  inProgress.set(key, renewal);
  try {
    return await renewal;
  } catch (error) {
    const canLeave = context.allowRedirect && hasEnded(error, session, tokenRequest, now(), false);
    if (canLeave && recordLeave(now())) await leaveToSignInSilently(context, context.session());
    throw error;
  } finally {
    inProgress.delete(key);
  }
}

/** The request in the form of `normalizeRequest`. @throws MisuseError for a request that this client cannot serve */
function checkedRequest(settings: Settings, { tokens }: ClientSession, request: TokenRequest): TokenRequest {
  const { audience: requested = "", scope = "" } = request;
  must(typeof requested === "string" && typeof scope === "string", "audience and scope are one string each");
  const tokenRequest = normalizeRequest(settings, tokens, request);
  const { audience } = tokenRequest;
  must(
    !settings.resourceIndicators || audience === undefined || settings.audiences.includes(audience),
    "audience: with resourceIndicators, list every audience in the option `audience` of the client",
  );
  return tokenRequest;
}

/** Renews a token of this user, in a turn. `rejectedToken`: the valid access token that the caller wants replaced. */
function renew(
  context: Renewals,
  request: TokenRequest,
  subject: string,
  rejectedToken: string | undefined,
): Promise<string> {
  return context.takeTurn(async (turn) => {
    const session = sessionOf(context, subject);
    const status = tokenStatus(session.tokens, request, context.ports.now(), rejectedToken);
    const renewedToken = servingToken(status, isBackingOff(context));
    if (renewedToken) return renewedToken.accessToken;
    const token = await renewToken(
      context,
      { name: "due", request, token: status.token },
      { name: "refresh_started" },
      {
        refresh: () => fetchTokens(context, turn, session, request),
        storeTokens: async ({ error: _, malformed: __, ...next }: RenewedSession) => {
          const { refreshToken } = next.tokens;
          const isStored = await turn.replaceSession(next);
          if (!isStored && refreshToken !== session.tokens.refreshToken) revokeUnused(context, refreshToken);
          return isStored;
        },
        endSession: () => turn.replaceSession(null),
      },
    );
    // The user may have signed out meanwhile.
    sessionOf(context, subject);
    return token;
  });
}

/** @throws ExchangeError `no_session` if this user is not signed in any more */
function sessionOf(context: ClientContext, subject: string): ClientSession {
  const session = context.session();
  if (session?.user.sub !== subject) throw new ExchangeError("no_session");
  return session;
}

/** The session after a renewal, and what was wrong with the response that it came with. */
type RenewedSession = ClientSession & Renewal;

/** Gets new tokens by the plan of this request. @throws ExchangeError of the last attempt */
async function fetchTokens(
  context: Renewals,
  turn: Turn,
  session: ClientSession,
  request: TokenRequest,
): Promise<RenewedSession> {
  const { ports, resourceIndicators, allowRedirect } = context;
  const { refreshToken, isFrameFirst } = renewalPlan(session, request, resourceIndicators);
  if (isFrameFirst) {
    try {
      return await signInByFrame(context, request, session);
    } catch {
      // Only the refresh token is left to try.
    }
  }
  let current = { ...session, isDoubtful: false };
  const isReserved = refreshToken !== undefined && (await turn.reserveRefresh());
  if (isReserved) {
    try {
      const renewed = await refresh(context, current, request, refreshToken);
      if (renewed.error) backOff(context);
      return renewed;
    } catch (error) {
      current = failedRefresh(session, error);
      if (current.tokens.refreshToken !== undefined) {
        // All tabs keep the refresh token, and learn whether it may be used up.
        backOff(context);
        await turn.replaceSession(current);
        throw error;
      }
    }
  }
  try {
    return await signInByFrame(context, request, current);
  } catch (error) {
    backOff(context);
    if (isReserved) await turn.replaceSession(current);
    const isRefreshUntried = refreshToken !== undefined && !isReserved;
    const isOver = hasEnded(error, current, request, ports.now(), isRefreshUntried);
    throw isOver && !allowRedirect ? new ExchangeError("grant_ended", { cause: error }) : error;
  }
}

/** The session with new tokens, for which the refresh token is sent to the provider. @throws ExchangeError */
async function refresh(
  context: ClientContext,
  session: ClientSession,
  request: TokenRequest,
  refreshToken: string,
): Promise<RenewedSession> {
  const {
    release: _,
    error,
    ...response
  } = await context.provider.refresh({
    ...request,
    audience: resourceOf(context, request),
    refreshToken,
    subject: session.user.sub,
    currentAccessTokens: accessTokensOf(session.tokens).map((token) => token.accessToken),
  });
  return { ...sessionAfterRefresh(session, response, request), error, malformed: response.malformed };
}
