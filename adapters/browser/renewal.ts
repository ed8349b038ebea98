import { ExchangeError, must } from "../../core/errors.js";
import { failure } from "../../core/events.js";
import { renewToken } from "../../core/exchange/renewal.js";
import { accessTokensOf, type TokenRequest } from "../../core/exchange/token-set.js";
import { revokeUnused } from "./accept-sign-in.js";
import type { ClientSession } from "./client-session.js";
import { codeOf, failedRefresh, hasEnded, renewalPlan, servingToken, tokenStatus } from "./renewal-rules.js";
import { normalizeRequest, sessionAfterRefresh } from "./session.js";
import type { Settings } from "./settings.js";
import { type ClientContext, resourceOf } from "./sign-in.js";
import { leaveToSignInSilently, signInByFrame } from "./silent-sign-in.js";
import { mayLeave } from "./transactions.js";
import type { Turn } from "./turn.js";

/** Milliseconds in which a provider that failed is not asked again while a valid token is left. */
const REST = 10_000;

/**
 * How a page gets tokens without the user: at first (`restoreSession`), and whenever an access token is due (`getAccessToken`).
 *
 * State. The session is that of all tabs (`tabs.ts`), and changes in a turn alone. `Renewals` adds two things of this tab: the
 * renewals in progress, so that callers that need the same token share one, and the time until which the provider is given a
 * rest.
 *
 * The order of a renewal:
 * 1. A valid token that is not due needs no turn.
 * 2. In the turn, the token of the session is checked again: another tab may have renewed it while this one waited.
 * 3. The plan (`renewal-rules.ts`): the refresh token first and the hidden frame second; the other way round if the refresh
 *    token may be used up; only the frame without a refresh token, and for another audience or
 *    scope without `resourceIndicators`.
 * 4. Before a refresh token is sent, the turn claims it. If it cannot, the refresh token is not sent.
 * 5. New tokens are shared with all tabs before the caller gets one; where nothing can be recorded, they stay in this tab.
 *
 * What can go wrong.
 * - A refresh fails without an HTTP status of the provider: the session stays, marked as doubtful, and all tabs know.
 * - The provider ends the grant: the frame is tried; the session ends if the provider has no session either.
 * - Browsers withhold the provider's cookies from the frame, so that it gets `login_required` for a user who is signed in
 *   there. With `allowRedirect` the page itself goes to the provider and comes back; without it the session ends once no token
 *   is left.
 * - The user signs out in another tab meanwhile: new tokens are revoked, and the caller gets `no_session`.
 */
export interface Renewals extends ClientContext {
  /** By request and user. */
  readonly inProgress: Map<string, Promise<string>>;
  restingUntil: number;
}

const isResting = ({ restingUntil, ports }: Renewals) => restingUntil > ports.now();

const rest = (context: Renewals) => {
  context.restingUntil = context.ports.now() + REST;
};

/** Finds out whether a user is signed in: from other tabs, or from the provider. @throws ExchangeError */
export async function restoreSession(context: Renewals): Promise<void> {
  const mustLeave = await context.takeTurn((turn) => restoreInTurn(context, turn));
  if (mustLeave) await leaveToSignInSilently(context, context.session());
}

/** True if the page must leave to find out. */
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
  if (context.allowRedirect && turn.wasSignedIn) return mayLeave(context.ports.now());
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
  const normalized = checkedRequest(context, session, request);
  const status = tokenStatus(tokens, normalized, now());
  const token = normalized.refresh ? undefined : servingToken(status, isResting(context));
  if (token) return token.accessToken;
  const rejected = normalized.refresh ? status.token?.accessToken : undefined;
  const key = JSON.stringify([normalized, user.sub]);
  const renewal = inProgress.get(key) ?? renew(context, normalized, user.sub, rejected);
  inProgress.set(key, renewal);
  try {
    return await renewal;
  } catch (error) {
    const canLeave = context.allowRedirect && hasEnded(error, session, normalized, now(), false);
    if (canLeave && mayLeave(now())) await leaveToSignInSilently(context, context.session());
    throw error;
  } finally {
    inProgress.delete(key);
  }
}

/** The request without what the client's own token fulfils. @throws MisuseError for one that this client cannot serve */
function checkedRequest(settings: Settings, { tokens }: ClientSession, request: TokenRequest): TokenRequest {
  const { audience: requested = "", scope = "" } = request;
  must(typeof requested === "string" && typeof scope === "string", "audience and scope are one string each");
  const normalized = normalizeRequest(settings, tokens, request);
  const { audience } = normalized;
  must(
    !settings.resourceIndicators || audience === undefined || settings.audiences.includes(audience),
    "audience: with resourceIndicators, list every audience in the option `audience` of the client",
  );
  return normalized;
}

/** Renews a token of this user, in a turn. `rejected` is the valid access token that the caller wants replaced. */
function renew(
  context: Renewals,
  request: TokenRequest,
  subject: string,
  rejected: string | undefined,
): Promise<string> {
  return context.takeTurn(async (turn) => {
    const session = sessionOf(context, subject);
    const status = tokenStatus(session.tokens, request, context.ports.now(), rejected);
    const renewed = servingToken(status, isResting(context));
    if (renewed) return renewed.accessToken;
    const token = await renewToken(
      context,
      { name: "due", request, token: status.token },
      { name: "refresh_started" },
      {
        refresh: () => fetchTokens(context, turn, session, request),
        storeTokens: async (next: ClientSession) => {
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

/** Gets new tokens. @throws ExchangeError of the last attempt */
async function fetchTokens(
  context: Renewals,
  turn: Turn,
  session: ClientSession,
  request: TokenRequest,
): Promise<ClientSession> {
  const { ports, resourceIndicators, allowRedirect } = context;
  const { refreshToken, isFrameFirst } = renewalPlan(session, request, resourceIndicators);
  if (isFrameFirst) {
    try {
      return await signInByFrame(context, request, session);
    } catch {
      // The refresh token is all that is left to try.
    }
  }
  let current = { ...session, isDoubtful: false };
  const isClaimed = refreshToken !== undefined && (await turn.claimRefresh());
  if (isClaimed) {
    try {
      return await refresh(context, current, request, refreshToken);
    } catch (error) {
      current = failedRefresh(session, error);
      if (current.tokens.refreshToken !== undefined) {
        // All tabs go on with the refresh token, and know whether it may be used up.
        rest(context);
        await turn.replaceSession(current);
        throw error;
      }
    }
  }
  try {
    return await signInByFrame(context, request, current);
  } catch (error) {
    rest(context);
    if (isClaimed) await turn.replaceSession(current);
    const isRefreshUntried = refreshToken !== undefined && !isClaimed;
    const isOver = hasEnded(error, current, request, ports.now(), isRefreshUntried);
    throw isOver && !allowRedirect ? new ExchangeError("grant_ended", { cause: error }) : error;
  }
}

/** The session with the tokens that the provider gives for its refresh token. @throws ExchangeError */
async function refresh(
  context: ClientContext,
  session: ClientSession,
  request: TokenRequest,
  refreshToken: string,
): Promise<ClientSession> {
  const { release: _, ...response } = await context.provider.refresh({
    ...request,
    audience: resourceOf(context, request),
    refreshToken,
    subject: session.user.sub,
    currentAccessTokens: accessTokensOf(session.tokens).map((token) => token.accessToken),
  });
  return sessionAfterRefresh(session, response, request);
}
