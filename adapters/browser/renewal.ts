import { ExchangeError, must } from "../../core/errors.js";
import { failure } from "../../core/events.js";
import { renewToken } from "../../core/exchange/renewal.js";
import { type AccessToken, accessTokensOf, isSpecial, type TokenRequest } from "../../core/exchange/token-set.js";
import { revokeUnused } from "./accept-sign-in.js";
import type { ClientSession } from "./client-session.js";
import { codeOf, failedRefresh, hasEnded, renewalPlan, servingToken, tokenStatus } from "./renewal-rules.js";
import { isUsable, normalizeRequest, sessionAfterRefresh } from "./session.js";
import { audienceParameter, type ClientContext } from "./sign-in.js";
import { leaveToSignInSilently, signInByFrame } from "./silent-sign-in.js";
import type { Tabs } from "./tabs.js";
import { mayLeave } from "./transactions.js";
import type { Turn } from "./turn.js";

/** Milliseconds in which a provider that failed is not asked again while a valid token is left. */
const REST = 10_000;

/**
 * How a page gets tokens without the user: at first (`restore`), and whenever an access token is due (`getAccessToken`).
 *
 * State. The session is that of all tabs (`tabs.ts`), and changes in a turn alone. This object adds two things of its own tab:
 * the renewals in progress, so that callers that need the same token share one, and the time until which the provider is
 * given a rest.
 *
 * The order of a renewal:
 * 1. A valid token that is not due needs no turn.
 * 2. In the turn, the token of the session is checked again: another tab may have renewed it while this one waited.
 * 3. The plan (`renewal-rules.ts`): the refresh token first and the hidden frame second; the other way round if the refresh
 *    token may be used up; the frame alone without a refresh token.
 * 4. Before a refresh token is sent, the turn claims it. If it cannot, the refresh token is not sent.
 * 5. New tokens are shared with all tabs before the caller gets one.
 *
 * What can go wrong.
 * - The provider gives no response to a refresh: the session stays, marked as doubtful, and all tabs know.
 * - The provider ends the grant: the frame is tried; the session ends if the provider has no session either.
 * - Browsers withhold the provider's cookies from the frame, so that it gets `login_required` for a user who is signed in
 *   there. With `allowRedirect` the page itself goes to the provider and comes back; without it the session ends once no token
 *   is left.
 * - The user signs out in another tab meanwhile: new tokens are revoked, and the caller gets `no_session`.
 */
export class Renewal {
  readonly #context: ClientContext;
  readonly #tabs: () => Tabs;
  /** By request and user. */
  readonly #inProgress = new Map<string, Promise<string>>();
  #restingUntil = 0;

  constructor(context: ClientContext, tabs: () => Tabs) {
    this.#context = context;
    this.#tabs = tabs;
  }

  /** Finds out whether a user is signed in: from other tabs, or from the provider. @throws ExchangeError */
  async restore(): Promise<void> {
    const mustLeave = await this.#tabs().takeTurn((turn) => this.#restoreInTurn(turn));
    if (mustLeave) await leaveToSignInSilently(this.#context, this.#tabs().session());
  }

  /** A valid access token, renewed if it is due. @throws ExchangeError, MisuseError */
  async getAccessToken(request: TokenRequest): Promise<string> {
    const session = this.#tabs().session();
    if (!session) throw new ExchangeError("no_session");
    const { user, tokens } = session;
    const normalized = this.#checked(session, request);
    const status = tokenStatus(tokens, normalized, this.#now());
    const token = normalized.refresh ? undefined : servingToken(status, this.#isResting());
    if (token) return token.accessToken;
    const rejected = normalized.refresh ? status.token : undefined;
    const key = JSON.stringify([normalized, user.sub]);
    const renewal = this.#inProgress.get(key) ?? this.#renew(normalized, user.sub, rejected);
    this.#inProgress.set(key, renewal);
    try {
      return await renewal;
    } catch (error) {
      const { allowRedirect } = this.#context.settings;
      const canLeave = allowRedirect && codeOf(error) === "login_required" && !isSpecial(normalized);
      if (canLeave && !isUsable(tokens, this.#now()) && mayLeave(this.#now())) {
        await leaveToSignInSilently(this.#context, this.#tabs().session());
      }
      throw error;
    } finally {
      this.#inProgress.delete(key);
    }
  }

  /** True if the page must leave to find out. */
  async #restoreInTurn(turn: Turn): Promise<boolean> {
    if (this.#tabs().session() || turn.wasSignedIn === false) return false;
    try {
      const session = await signInByFrame(this.#context, {}, null);
      // False if the user signed out meanwhile.
      if (!(await turn.replaceSession(session))) revokeUnused(this.#context, session.tokens.refreshToken);
      return false;
    } catch (error) {
      if (!(error instanceof ExchangeError) || error.code !== "login_required") throw error;
      this.#context.emit(failure(error));
    }
    const { settings } = this.#context;
    // A tab that was busy may have time by now.
    await turn.requestAgain();
    if (this.#tabs().session()) return false;
    if (settings.allowRedirect && turn.wasSignedIn) return mayLeave(this.#now());
    await turn.recordNoSession();
    return false;
  }

  /** The request without what the client's own token fulfils. @throws MisuseError for one that this client cannot serve */
  #checked({ tokens }: ClientSession, request: TokenRequest): TokenRequest {
    const { settings } = this.#context;
    const { audience: requested = "", scope = "" } = request;
    must(typeof requested === "string" && typeof scope === "string", "audience and scope are one string each");
    const normalized = normalizeRequest(settings, tokens, request);
    const { audience } = normalized;
    must(
      !settings.resourceIndicators || audience === undefined || settings.audiences.includes(audience),
      "name it in the client's `audience` too: a refresh for any other would spend the refresh token",
    );
    return normalized;
  }

  /** Renews a token of this user, in a turn. `rejected` is the valid token that the caller wants replaced. */
  #renew(request: TokenRequest, subject: string, rejected: AccessToken | undefined): Promise<string> {
    return this.#tabs().takeTurn(async (turn) => {
      const session = this.#sessionOf(subject);
      const status = tokenStatus(session.tokens, request, this.#now());
      const isRejected = status.token !== undefined && status.token.accessToken === rejected?.accessToken;
      const renewed = isRejected ? undefined : servingToken(status, this.#isResting());
      if (renewed) return renewed.accessToken;
      const { settings, emit } = this.#context;
      const token = await renewToken(
        { emit, ports: settings.ports },
        { name: "due", request, token: isRejected ? undefined : status.token },
        { name: "refresh_started" },
        {
          refresh: () => this.#fetchTokens(turn, session, request),
          storeTokens: async (next: ClientSession) => {
            const isStored = await turn.replaceSession(next);
            const { refreshToken } = next.tokens;
            if (!isStored && refreshToken !== session.tokens.refreshToken) revokeUnused(this.#context, refreshToken);
          },
          endSession: () => turn.replaceSession(null),
        },
      );
      // The user may have signed out meanwhile.
      this.#sessionOf(subject);
      return token;
    });
  }

  /** @throws ExchangeError `no_session` if this user is not signed in any more */
  #sessionOf(subject: string): ClientSession {
    const session = this.#tabs().session();
    if (session?.user.sub !== subject) throw new ExchangeError("no_session");
    return session;
  }

  /** Gets new tokens. @throws ExchangeError of the last attempt */
  async #fetchTokens(turn: Turn, session: ClientSession, request: TokenRequest): Promise<ClientSession> {
    const plan = renewalPlan(session, request, this.#context.settings.resourceIndicators);
    if (plan.name === "frame_then_refresh") {
      try {
        return await signInByFrame(this.#context, request, session);
      } catch {
        // The refresh token is all that is left to try.
      }
    }
    const isRefreshed = plan.name !== "frame" && (await turn.claimRefresh());
    const isRefreshUntried = plan.name !== "frame" && !isRefreshed;
    const result = isRefreshed ? await this.#refresh(turn, session, request, plan.refreshToken) : undefined;
    if (result?.name === "refreshed") return result.session;
    const current = result?.session ?? { ...session, isDoubtful: false };
    try {
      return await signInByFrame(this.#context, request, current);
    } catch (error) {
      this.#rest();
      if (result) await turn.replaceSession(current);
      const { allowRedirect } = this.#context.settings;
      const isOver = hasEnded({ error, session: current, request, isRefreshUntried, now: this.#now() });
      throw isOver && !allowRedirect ? new ExchangeError("grant_ended", { cause: error }) : error;
    }
  }

  /** Sends the refresh token. @throws ExchangeError if it fails, unless the grant has ended */
  async #refresh(
    turn: Turn,
    session: ClientSession,
    request: TokenRequest,
    refreshToken: string,
  ): Promise<{ readonly name: "refreshed" | "grant_ended"; readonly session: ClientSession }> {
    const { settings } = this.#context;
    const currentAccessTokens = accessTokensOf(session.tokens).map((token) => token.accessToken);
    const parameters = { ...request, ...audienceParameter(settings, request) };
    try {
      const result = await settings.provider.refresh({
        ...parameters,
        refreshToken,
        subject: session.user.sub,
        currentAccessTokens,
      });
      const response = { ...result.response, refreshToken: result.refreshToken };
      return { name: "refreshed", session: sessionAfterRefresh({ ...session, isDoubtful: false }, response, request) };
    } catch (error) {
      const failure = failedRefresh(session, error);
      if (failure.name === "grant_ended") return { name: "grant_ended", session: failure.session };
      // All tabs go on with the refresh token, and know whether it may be used up.
      this.#rest();
      await turn.replaceSession(failure.session);
      throw error;
    }
  }

  #rest(): void {
    this.#restingUntil = this.#now() + REST;
  }

  #isResting(): boolean {
    return this.#restingUntil > this.#now();
  }

  #now(): number {
    return this.#context.settings.ports.now();
  }
}
