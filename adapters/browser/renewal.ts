import { ExchangeError, must } from "../../core/errors.js";
import { failure } from "../../core/events.js";
import type { AuthorizationOptions } from "../../core/exchange/authorization.js";
import { renewToken } from "../../core/exchange/renewal.js";
import { assess, type TokenState } from "../../core/exchange/token-life.js";
import { accessTokensOf, isSpecial, type TokenRequest, type TokenSet } from "../../core/exchange/token-set.js";
import type { ClientSession } from "./client-session.js";
import { authorizeInFrame } from "./frame.js";
import { shownPath } from "./page.js";
import { isUsable, normalizeRequest, renewedBy, sessionAfter } from "./session.js";
import {
  audienceParameter,
  type ClientContext,
  leaveToSignIn,
  type SignInRequest,
  signInElsewhere,
} from "./sign-in.js";
import type { Tabs } from "./tabs.js";
import { mayLeave } from "./transactions.js";
import type { Turn } from "./turn.js";

/** A frame is sent to several pages, one after the other: so many times as long as one request it may take. */
const PAGES = 3;
/** Milliseconds in which a provider that gave nothing is not asked again while there is a token to go on with. */
const REST = 10_000;

/** How a session goes on without anybody being asked. */
export interface Renewal {
  /** Finds out who is signed in, once: from other tabs, or from the provider. @throws ExchangeError */
  restore(): Promise<void>;
  /** @throws ExchangeError */
  getAccessToken(request: TokenRequest): Promise<string>;
  /** Revokes what was got for nobody. */
  discard(refreshToken: string | undefined): void;
}

const codeOf = (error: unknown) => (error instanceof ExchangeError ? error.code : undefined);

export function createRenewal(context: ClientContext, tabs: () => Tabs): Renewal {
  const { settings, emit } = context;
  const { ports, provider, resourceIndicators, audiences } = settings;
  const renewing = new Map<string, Promise<string>>();
  let restingUntil = 0;
  const rest = () => {
    restingUntil = ports.now() + REST;
  };

  /** What tells the provider whom to go on with: nobody else will do (OpenID Connect Core 3.1.2.1). */
  const silently = (previous: ClientSession | null): AuthorizationOptions & Pick<SignInRequest, "subject"> => {
    const { user, organization, tokens } = previous ?? {};
    const hint = tokens?.idToken;
    return {
      prompt: "none",
      subject: user?.sub,
      ...(organization && { organization }),
      ...(hint && { params: { id_token_hint: hint } }),
    };
  };

  /** The session with what the provider gives while its own session lives. @throws ExchangeError `login_required` for nobody, or somebody else */
  async function fromFrame(tokenRequest: TokenRequest, previous: ClientSession | null): Promise<ClientSession> {
    const scope = isSpecial(tokenRequest) ? undefined : previous?.scope;
    const request = { ...silently(previous), mode: "frame", returnTo: "/", tokenRequest, scope } as const;
    const visit = (url: string, state: string) => authorizeInFrame(url, state, PAGES * settings.httpTimeout);
    return sessionAfter(settings, await signInElsewhere(context, request, visit), previous);
  }

  /** Leaves for the provider, and comes back at once: in a page of its own no browser keeps its cookies from it. */
  async function leave(): Promise<never> {
    await leaveToSignIn(context, {
      ...silently(tabs().session()),
      mode: "silent",
      returnTo: shownPath(),
      tokenRequest: {},
    });
    // Where the page is still there, or there again, it goes on with nobody.
    return new Promise<never>((_resolve, reject) => {
      setTimeout(reject, REST, new ExchangeError("login_required"));
    });
  }

  /** A new token by the refresh token, else by a frame; the other way round where the refresh token may be spent. */
  async function renewed(
    turn: Turn,
    session: ClientSession,
    tokenRequest: TokenRequest,
    refreshToken?: string,
  ): Promise<ClientSession> {
    if (session.isDoubtful && refreshToken !== undefined) {
      try {
        return await fromFrame(tokenRequest, session);
      } catch {
        // Then it is all there is.
      }
    }
    let known: ClientSession = { ...session, isDoubtful: false };
    const isSpent = refreshToken !== undefined && (await turn.claimRefresh());
    if (isSpent) {
      const { tokens } = session;
      const currentAccessTokens = accessTokensOf(tokens).map((token) => token.accessToken);
      const subject = session.user.sub;
      try {
        const result = await provider.refresh({
          ...tokenRequest,
          ...audienceParameter(settings, tokenRequest),
          refreshToken,
          subject,
          currentAccessTokens,
        });
        return renewedBy(known, { ...result.response, refreshToken: result.refreshToken }, tokenRequest);
      } catch (error) {
        // As far as is known it is good for another time: all tabs go on with it.
        if (codeOf(error) !== "grant_ended") {
          rest();
          const { status } = ((error as Error).cause ?? {}) as { status?: unknown };
          await turn.replaceSession({ ...session, isDoubtful: status === undefined });
          throw error;
        }
        known = { ...known, tokens: { ...tokens, refreshToken: undefined } as TokenSet };
      }
    }
    try {
      return await fromFrame(tokenRequest, known);
    } catch (error) {
      rest();
      if (known.tokens !== session.tokens) await turn.replaceSession(known);
      const isOver =
        codeOf(error) === "login_required" && !isSpecial(tokenRequest) && !isUsable(known.tokens, ports.now());
      // One that could not be tried may do next time.
      const isUntried = refreshToken !== undefined && !isSpent;
      throw isOver && !isUntried && !settings.allowRedirect
        ? new ExchangeError("grant_ended", { cause: error })
        : error;
    }
  }

  /** The state of a token. While the provider is given a rest, a valid token serves to its end. */
  function standing(tokens: TokenSet, tokenRequest: TokenRequest): TokenState {
    const now = ports.now();
    const state = assess(tokens, tokenRequest, now, restingUntil <= now);
    return state.name === "missing" ? assess(tokens, tokenRequest, now, true) : state;
  }

  function discard(refreshToken: string | undefined): void {
    if (refreshToken !== undefined) provider.revoke(refreshToken).catch(() => {});
  }

  /** `spent` is the token that will not do, where a new one is asked for. */
  const renew = (tokenRequest: TokenRequest, subject: string, spent: string | undefined) =>
    tabs().takeTurn(async (turn) => {
      const session = tabs().session();
      if (session?.user.sub !== subject) throw new ExchangeError("no_session");
      const { tokens } = session;
      const refreshToken = resourceIndicators || !isSpecial(tokenRequest) ? tokens.refreshToken : undefined;
      let state = standing(tokens, { ...tokenRequest, refresh: false });
      // Another tab may have got it a moment ago.
      if (spent && "token" in state && state.token?.accessToken === spent) state = standing(tokens, tokenRequest);
      if (state.name === "fresh") return state.token.accessToken;
      const token = await renewToken(
        { emit, ports },
        state,
        { name: "refresh_started" },
        {
          refresh: () => renewed(turn, session, tokenRequest, refreshToken),
          async storeTokens(next: ClientSession) {
            const isStored = await turn.replaceSession(next);
            if (!isStored && next.tokens.refreshToken !== tokens.refreshToken) discard(next.tokens.refreshToken);
          },
          endSession: () => turn.replaceSession(null),
        },
      );
      // Signed out meanwhile.
      if (tabs().session()?.user.sub !== subject) throw new ExchangeError("no_session");
      return token;
    });

  return {
    discard,

    async restore() {
      const isFound = await tabs().takeTurn(async (turn) => {
        if (tabs().session() || turn.wasSignedIn === false) return true;
        try {
          const found = await fromFrame({}, null);
          // Signed out meanwhile.
          if (!(await turn.replaceSession(found))) discard(found.tokens.refreshToken);
        } catch (error) {
          if (!(error instanceof ExchangeError) || error.code !== "login_required") throw error;
          emit(failure(error));
          // A tab that was too busy to answer may do so by now.
          await turn.requestAgain();
          if (tabs().session()) return true;
          if (settings.allowRedirect && turn.wasSignedIn) return !mayLeave(ports.now());
          await turn.recordNoSession();
        }
        return true;
      });
      if (!isFound) await leave();
    },

    async getAccessToken(request) {
      const session = tabs().session();
      if (!session) throw new ExchangeError("no_session");
      const { audience: named = "", scope = "" } = request;
      must(typeof named === "string" && typeof scope === "string", "audience and scope are one string each");
      const { user, tokens } = session;
      const tokenRequest = normalizeRequest(settings, tokens, request);
      const { audience } = tokenRequest;
      must(
        !resourceIndicators || audience === undefined || audiences.includes(audience),
        "name it in the client's `audience` too: a refresh for any other would spend the refresh token",
      );
      const state = standing(tokens, tokenRequest);
      if (state.name === "fresh") return state.token.accessToken;
      const atHand = assess(tokens, { ...tokenRequest, refresh: false }, ports.now(), false);
      const spent = tokenRequest.refresh && atHand.name === "fresh" ? atHand.token.accessToken : undefined;
      const key = JSON.stringify([tokenRequest, user.sub]);
      const shared = renewing.get(key) ?? renew(tokenRequest, user.sub, spent);
      renewing.set(key, shared);
      try {
        return await shared;
      } catch (error) {
        const isOver = codeOf(error) === "login_required" && !isSpecial(tokenRequest) && settings.allowRedirect;
        if (isOver && !isUsable(tokens, ports.now()) && mayLeave(ports.now())) await leave();
        throw error;
      } finally {
        renewing.delete(key);
      }
    },
  };
}
