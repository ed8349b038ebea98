import { ExchangeError, must } from "../../core/errors.js";
import { failure } from "../../core/events.js";
import { renewToken } from "../../core/exchange/renewal.js";
import type { Renewal } from "../../core/exchange/token-life.js";
import { accessTokensOf, isSpecial, type TokenRequest } from "../../core/exchange/token-set.js";
import { revokeUnused } from "./accept-sign-in.js";
import type { ClientSession } from "./client-session.js";
import {
  codeOf,
  failedRefresh,
  hasEnded,
  isResting,
  REST,
  renewalSteps,
  servingToken,
  tokenStatus,
} from "./renewal-rules.js";
import { isUsable, normalizeRequest, sessionAfterRefresh } from "./session.js";
import type { Settings } from "./settings.js";
import { type ClientContext, resourceOf } from "./sign-in.js";
import { leaveToSignInSilently, signInByFrame } from "./silent-sign-in.js";
import { lastLeave, recordLeave } from "./transactions.js";
import type { Turn } from "./turn.js";

/** Milliseconds that a caller with a valid token waits for a better one. The renewal goes on without the caller. */
const PATIENCE = 1_000;
/** Milliseconds that tabs wait for the page of another tab that went to the provider. */
const AWAY = 10_000;
/** Milliseconds between two looks at whether that page is back. */
const AWAY_INTERVAL = 500;

/**
 * How a page gets tokens without the user: when it starts (`restoreSession`), and when an access token is due (`getAccessToken`).
 *
 * State. All tabs share the session, and only a tab in its turn changes it (`tabs.ts`, with an example of a renewal among three
 * tabs). `Renewals` adds two things of this tab: the renewals in progress, so that callers that need the same token share one;
 * and the time until which this tab does not try again after a failure, which the record tells the other tabs.
 *
 * The order of a renewal:
 * 1. `getAccessToken` returns a valid token that is not due, without a turn. If the token is due but valid, the caller waits for
 *    one second at most (`PATIENCE`), counted from the begin of the renewal, and then gets the token that it has.
 * 2. `renew` takes a turn and checks the token again: another tab may have renewed it while this tab waited for its turn, or its
 *    renewal may have failed, so that the tabs rest.
 * 3. `renewToken` (core/exchange/renewal.ts) calls `fetchTokens`, which takes the steps of `renewalSteps` (`renewal-rules.ts`): the
 *    refresh token, then the hidden frame; or only the frame; or, if the refresh token may be used up, the frame, and that token
 *    only when no other token is left.
 * 4. The turn reserves the refresh token when the request is ready to leave (`turn.reserveRefresh`). A tab that dies earlier, for
 *    example while it loads the discovery document, leaves no doubt. If the reservation fails, the turn sends no refresh token,
 *    and goes on with the frame.
 * 5. `renewToken` stores the new tokens (`turn.replaceSession`) before the caller gets one. All tabs get them; if the record
 *    cannot be written, they stay in this tab.
 *
 * A doubtful refresh token. Nobody knows whether the provider has used it up: the tab that sent it died, or was passed by another
 * turn; the response was lost, came from a gateway, or was no token response. All are handled alike: the session is marked
 * (`isDoubtful`), and stays. A new refresh token in a response is stored before the error of that response is reported, even if
 * its ID Token is invalid, for example because the clock of this machine is wrong. Its access token is not used.
 *
 * What can go wrong.
 * - The provider ends the grant: the frame is tried. If the provider has no session either, the session ends when no token is left.
 * - The browser withholds the provider's cookies from the frame, so that the frame gets `login_required` although the user is
 *   signed in at the provider. With `allowRedirect` the page itself goes to the provider and comes back; without it the session
 *   ends when no token is left. Of several tabs one goes, and leaves a note in the record for the others, which wait (`leave`).
 * - The user signs out in another tab meanwhile: new tokens are revoked, and the caller gets `no_session`.
 */
export interface Renewals extends ClientContext {
  /** The renewals of this tab, by request and user. */
  readonly inProgress: Map<string, RenewalInProgress>;
  /** Milliseconds since the epoch. */
  restingUntil: number;
}

/** A renewal that has begun. */
interface RenewalInProgress {
  /** Resolves with the access token. */
  readonly result: Promise<string>;
  /** Resolves with undefined when callers with a valid token have waited long enough. */
  readonly patience: Promise<undefined>;
}

const sleep = (milliseconds: number) => new Promise<undefined>((done) => setTimeout(done, milliseconds));

const rests = ({ restingUntil, ports }: Renewals) => isResting(restingUntil, ports.now());

/** Starts the rest of all tabs after a failure. */
async function rest(context: Renewals, turn: Turn): Promise<void> {
  context.restingUntil = context.ports.now() + REST;
  await turn.writeNote({ restingUntil: context.restingUntil });
}

/**
 * Restores the session: from other tabs, or from the provider by a hidden frame.
 * @param mayLeave whether the page itself may go to the provider, if the frame finds no user
 * @throws ExchangeError
 */
export async function restoreSession(context: Renewals, mayLeave = context.allowRedirect): Promise<void> {
  await leaveIfTold(context, (turn) => restoreInTurn(context, turn, mayLeave));
}

/** What a page does that found no user by a frame: it waits for the page of another tab that is at the provider, or goes itself. */
type LeaveDecision = "stay" | "wait" | "leave";

/** Takes turns until one decides to stay or to leave; then stays, or leaves. @throws ExchangeError if the page cannot leave */
async function leaveIfTold(context: Renewals, decide: (turn: Turn) => Promise<LeaveDecision>): Promise<void> {
  let decision = await context.takeTurn(decide);
  while (decision === "wait") {
    await sleep(AWAY_INTERVAL);
    decision = await context.takeTurn(decide);
  }
  if (decision === "leave") await leaveToSignInSilently(context, context.session());
}

async function restoreInTurn(context: Renewals, turn: Turn, mayLeave: boolean): Promise<LeaveDecision> {
  if (context.session() || turn.wasSignedIn === false) return "stay";
  if (mayLeave && isAway(context, turn)) return "wait";
  const elsewhere = context.elsewhere();
  try {
    const session = await signInByFrame(context, {}, elsewhere ?? null);
    // False if the user signed out meanwhile.
    if (!(await turn.replaceSession(session))) revokeUnused(context, session.user.sub, session.tokens.refreshToken);
    return "stay";
  } catch (error) {
    if (codeOf(error) !== "login_required") throw error;
    context.emit(failure(error as ExchangeError));
  }
  // A tab that was busy may have time by now.
  await turn.requestAgain();
  if (!context.session() && mayLeave && turn.wasSignedIn) return leaveInTurn(context, turn);
  // The user who is signed in elsewhere stays in the record.
  if (!context.session() && !elsewhere) await turn.recordNoSession();
  return "stay";
}

/** Whether the page of another tab is at the provider. A note of this tab is from a page that did not get there. */
function isAway({ ports }: Renewals, { note: { awayUntil = 0 } }: Turn): boolean {
  const left = awayUntil - ports.now();
  return left > 0 && left <= AWAY && awayUntil !== lastLeave() + AWAY;
}

/** Decides whether this page goes to the provider without the user; if so, the record tells the other tabs. */
async function leaveInTurn(context: Renewals, turn: Turn): Promise<LeaveDecision> {
  const now = context.ports.now();
  const session = context.session();
  if (turn.wasSignedIn === false || (session && isUsable(session.tokens, now))) return "stay";
  if (isAway(context, turn)) return "wait";
  if (!recordLeave(now)) return "stay";
  await turn.writeNote({ awayUntil: now + AWAY });
  return "leave";
}

/** A valid access token, renewed if it is due. @throws ExchangeError, MisuseError */
export async function getAccessToken(context: Renewals, request: TokenRequest): Promise<string> {
  const session = sessionOf(context);
  const { sub } = session.user;
  const tokenRequest = checkedRequest(context, session, request);
  const { now } = context.ports;
  const status = tokenStatus(session.tokens, tokenRequest, now());
  const token = tokenRequest.refresh ? undefined : servingToken(status, rests(context));
  if (token) return token.accessToken;
  /** The token that the session has by now, if it is valid. */
  const currentToken = () => tokenStatus(sessionOf(context, sub).tokens, tokenRequest, now()).token?.accessToken;
  const rejectedToken = tokenRequest.refresh ? status.token?.accessToken : undefined;
  const key = JSON.stringify([tokenRequest, sub]);
  const renewal =
    context.inProgress.get(key) ?? beginRenewal(context, key, renew(context, tokenRequest, sub, rejectedToken));
  try {
    const isSlow = !tokenRequest.refresh && (await Promise.race([renewal.result, renewal.patience])) === undefined;
    return (isSlow ? currentToken() : undefined) ?? (await renewal.result);
  } catch (error) {
    if (!context.allowRedirect || !hasEnded(error, session, tokenRequest, now(), false)) throw error;
    await leaveIfTold(context, (turn) => leaveInTurn(context, turn));
    // The page of another tab may be back with new tokens.
    const renewedToken = currentToken();
    if (renewedToken === undefined) throw error;
    return renewedToken;
  }
}

function beginRenewal({ inProgress }: Renewals, key: string, result: Promise<string>): RenewalInProgress {
  const renewal = { result, patience: sleep(PATIENCE) };
  inProgress.set(key, renewal);
  const end = () => inProgress.delete(key);
  // If no caller waits any more, the error is only an event.
  result.then(end, end);
  return renewal;
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
    context.restingUntil = turn.note.restingUntil ?? context.restingUntil;
    const session = sessionOf(context, subject);
    const status = tokenStatus(session.tokens, request, context.ports.now(), rejectedToken);
    const renewedToken = servingToken(status, rests(context));
    if (renewedToken) return renewedToken.accessToken;
    const token = await renewToken(
      context,
      { name: "due", request, token: status.token },
      { name: "refresh_started" },
      {
        refresh: () => fetchTokens(context, turn, session, request, status.token !== undefined),
        storeTokens: async ({ malformed: _, ...next }: RenewedSession) => {
          const isStored = await turn.replaceSession(next);
          if (!isStored) revokeUnused(context, subject, next.tokens.refreshToken);
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

/** @throws ExchangeError `no_session` if no user, or not this user, is signed in any more */
function sessionOf(context: ClientContext, subject = context.session()?.user.sub): ClientSession {
  const session = context.session();
  if (!session || session.user.sub !== subject) throw new ExchangeError("no_session");
  return session;
}

/** The session after a renewal, and which member of the response was malformed. */
type RenewedSession = ClientSession & Pick<Renewal, "malformed">;

/**
 * Gets new tokens by the steps of this request. `isTokenValid`: the caller can go on with the token that it has.
 * @throws ExchangeError that says why there are none
 */
async function fetchTokens(
  context: Renewals,
  turn: Turn,
  session: ClientSession,
  request: TokenRequest,
  isTokenValid: boolean,
): Promise<RenewedSession> {
  const { ports, resourceIndicators, allowRedirect } = context;
  let current = session;
  let reason: unknown;
  let refresh: RefreshAttempt | undefined;
  for (const step of renewalSteps(session, request, resourceIndicators, isTokenValid)) {
    if (step === "frame") {
      try {
        return await signInByFrame(context, request, current);
      } catch (error) {
        reason = error;
        continue;
      }
    }
    current = sessionOf(context, session.user.sub);
    // While the frame loaded, a turn that this one had passed has stored its new tokens.
    if (!isSpecial(request) && current.tokens.accessToken !== session.tokens.accessToken) return current;
    refresh = await attemptRefresh(context, turn, current, request);
    current = refresh.session;
    if (!refresh.error) return { ...current, malformed: refresh.malformed };
    // A later renewal may send the refresh token.
    if (refresh.isReserved !== false && current.tokens.refreshToken !== undefined) {
      reason = refresh.error;
      break;
    }
  }
  const isReserved = refresh?.isReserved;
  // All tabs learn of a new refresh token, of doubts, and of the end of the grant.
  if (isReserved) await turn.replaceSession(current);
  await rest(context, turn);
  const isOver = hasEnded(reason, current, request, ports.now(), isReserved === false);
  throw isOver && !allowRedirect ? new ExchangeError("grant_ended", { cause: reason }) : reason;
}

/** What came of sending the refresh token. */
interface RefreshAttempt {
  /** With the new tokens; after an error, the session that goes on, with the new refresh token if there is one. */
  readonly session: ClientSession;
  readonly error?: unknown;
  readonly malformed?: string | undefined;
  /** Whether the refresh token was reserved, and so may have been sent; undefined if the attempt failed before. */
  readonly isReserved: boolean | undefined;
}

/** Sends the refresh token to the provider if it can be reserved. Does not throw. */
async function attemptRefresh(
  context: ClientContext,
  turn: Turn,
  session: ClientSession,
  request: TokenRequest,
): Promise<RefreshAttempt> {
  const refreshToken = session.tokens.refreshToken as string;
  let isReserved: boolean | undefined;
  try {
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
      async beforeSend() {
        isReserved = await turn.reserveRefresh();
        if (!isReserved)
          throw new ExchangeError("provider_unreachable", { cause: "the refresh token is not reserved" });
      },
    });
    // A response that is no token response, and has no new refresh token, may be from a gateway.
    const isDoubtful = error !== undefined && response.refreshToken === refreshToken;
    const renewed = { ...sessionAfterRefresh(session, response, request), isDoubtful };
    return { session: renewed, error, malformed: response.malformed, isReserved };
  } catch (error) {
    return { session: isReserved ? failedRefresh(session, error) : session, error, isReserved };
  }
}
