import { ExchangeError, must } from "../../core/errors.js";
import type { AuthorizationOptions } from "../../core/exchange/authorization.js";
import { runTokens } from "../../core/exchange/drive.js";
import { assess, isSpecial, mergeTokens, type TokenRequest, type TokenSet } from "../../core/exchange/token-life.js";
import { askInFrame } from "./frame.js";
import { plainly, sessionAfter } from "./session.js";
import { beginSignIn, type Context, leaving, namedIn, type Outcome, type Request } from "./sign-in.js";
import type { Session, Tabs, Turn } from "./tabs.js";

/** In the place of a refresh token: the provider's own session is asked, in a hidden frame. */
const FRAME = "frame";
/** A frame is sent to several pages, one after the other: so many times as long as one request it may take. */
const PAGES = 3;
/** Milliseconds in which a frame that brought nothing is not sent again while there is a token to go on with. */
const REST = 10_000;

/** How a session goes on without anybody being asked. */
export interface Renewal {
  /** Finds out who is signed in, once: from other tabs, or from the provider. @throws ExchangeError */
  restore(): Promise<void>;
  /** @throws ExchangeError */
  accessToken(request: TokenRequest): Promise<string>;
}

const codeOf = (error: unknown) => (error instanceof ExchangeError ? error.code : undefined);

export function createRenewal(context: Context, tabs: () => Tabs): Renewal {
  const { settings, emit } = context;
  const { ports, provider, resourceIndicators, audiences } = settings;
  const renewing = new Map<string, Promise<string>>();
  let restingUntil = 0;

  /** What tells the provider whom to go on with: nobody else will do (OpenID Connect Core 3.1.2.1). */
  const silently = (previous: Session | null): AuthorizationOptions & Pick<Request, "subject"> => {
    const hint = previous?.tokens.idToken;
    return { prompt: "none", subject: previous?.user.sub, ...(hint && { params: { id_token_hint: hint } }) };
  };

  /** The session with what the provider gives while its own session lives. @throws ExchangeError `login_required` for nobody, or somebody else */
  async function fromFrame(asked: TokenRequest, previous: Session | null): Promise<Session> {
    const ask = (url: string, { state }: { state: string }) => askInFrame(url, state, PAGES * settings.httpTimeout);
    const scope = isSpecial(asked) ? undefined : previous?.scope;
    const request = { ...silently(previous), way: "frame", returnTo: "/", asked, scope, ask } as const;
    const outcome = (await beginSignIn(context, request)) as Outcome;
    return sessionAfter(settings, outcome, previous);
  }

  /** Leaves for the provider, and comes back at once: in a page of its own no browser keeps its cookies from it. */
  async function leave(): Promise<never> {
    const returnTo = location.pathname + location.search + location.hash;
    await beginSignIn(context, {
      ...silently(tabs().session()),
      way: "silent",
      returnTo,
      asked: {},
      ask: leaving(settings),
    });
    return new Promise<never>(() => {});
  }

  /** A new token by the refresh token, else by a frame. */
  async function renewed(turn: Turn, session: Session, asked: TokenRequest, refreshToken?: string): Promise<Session> {
    let { tokens } = session;
    if (refreshToken !== undefined) {
      const held = [tokens, ...(tokens.more ?? [])].map((token) => token.accessToken);
      await turn.announce();
      try {
        const result = await provider.refresh({
          ...asked,
          ...namedIn(settings, asked),
          refreshToken,
          subject: session.user.sub,
          held,
        });
        const response = { ...result.response, refreshToken: result.refreshToken };
        return { ...session, tokens: mergeTokens(tokens, response, asked, ports.now()) };
      } catch (error) {
        // As far as is known it is good for another time: all tabs go on with it.
        if (codeOf(error) !== "grant_ended") {
          await turn.share(session);
          throw error;
        }
        tokens = { ...tokens, refreshToken: undefined };
      }
    }
    try {
      return await fromFrame(asked, { ...session, tokens });
    } catch (error) {
      restingUntil = ports.now() + REST;
      if (tokens !== session.tokens) await turn.share({ ...session, tokens });
      const isOver = codeOf(error) === "login_required" && !isSpecial(asked) && !isUsable(tokens);
      throw isOver && !settings.allowRedirect ? new ExchangeError("grant_ended", { cause: error }) : error;
    }
  }

  const isUsable = (tokens: TokenSet) =>
    [tokens, ...(tokens.more ?? [])].some((token) => assess(token, {}, ports.now(), "").name === "fresh");

  /** `spent` is the token that will not do, where a new one is asked for. */
  const renew = (asked: TokenRequest, subject: string, spent: string | undefined) =>
    tabs().take(async (turn) => {
      const session = tabs().session();
      if (session?.user.sub !== subject) throw new ExchangeError("no_session");
      const isOwn = resourceIndicators || !isSpecial(asked);
      const refreshToken = isOwn && !turn.isLost ? session.tokens.refreshToken : undefined;
      const now = ports.now();
      const wanted = (refresh: boolean) =>
        assess(session.tokens, { ...asked, refresh }, now, refreshToken ?? (restingUntil > now ? "" : FRAME));
      let state = wanted(false);
      // Another tab may have got it a moment ago.
      if (spent && "token" in state && state.token?.accessToken === spent) state = wanted(true);
      if (state.name === "fresh") return state.token.accessToken;
      if (state.name === "missing") state = assess(session.tokens, asked, now, FRAME);
      let next = session;
      return runTokens(
        { emit },
        state,
        { name: "refresh_started" },
        {
          async refresh() {
            next = await renewed(turn, session, asked, refreshToken);
            return next.tokens;
          },
          write: () => turn.share(next),
          end: () => turn.share(null),
        },
      );
    });

  return {
    async restore() {
      const isFound = await tabs().take(async (turn) => {
        if (tabs().session() || !turn.wasSignedIn) return true;
        try {
          await turn.share(await fromFrame({}, null));
        } catch (error) {
          if (codeOf(error) !== "login_required") throw error;
          if (settings.allowRedirect) return false;
          await turn.share(null);
        }
        return true;
      });
      if (!isFound) await leave();
    },

    async accessToken(request) {
      const session = tabs().session();
      if (!session) throw new ExchangeError("no_session");
      const { user, tokens } = session;
      const asked = plainly(settings, tokens, request);
      const { audience } = asked;
      must(
        !resourceIndicators || audience === undefined || audiences.includes(audience),
        "name every audience in the client's `audience`: a refresh for another one would spend the refresh token",
      );
      const state = assess(tokens, asked, ports.now(), tokens.refreshToken ?? FRAME);
      if (state.name === "fresh") return state.token.accessToken;
      const atHand = assess(tokens, { ...asked, refresh: false }, ports.now(), "");
      const spent = asked.refresh && atHand.name === "fresh" ? atHand.token.accessToken : undefined;
      const purpose = JSON.stringify([asked, user.sub]);
      const shared = renewing.get(purpose) ?? renew(asked, user.sub, spent);
      renewing.set(purpose, shared);
      try {
        return await shared;
      } catch (error) {
        const isOver = codeOf(error) === "login_required" && !isSpecial(asked) && settings.allowRedirect;
        if (isOver && !isUsable(tokens)) await leave();
        throw error;
      } finally {
        renewing.delete(purpose);
      }
    },
  };
}
