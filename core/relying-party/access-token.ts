import { ExchangeError, exchangeErrorOf } from "../errors.js";
import { failure } from "../events.js";
import { renewToken } from "../exchange/renewal.js";
import { assess } from "../exchange/token-life.js";
import { accessTokensOf, mergeTokens, type TokenRequest, type TokenSet } from "../exchange/token-set.js";
import { tagOf } from "../session/cookie-kinds.js";
import type { SessionDraft } from "../session/draft.js";
import { setTokens } from "../session/tokens.js";
import type { SignedIn } from "./config.js";
import { keepAlive, type ProviderContext, type RequestContext } from "./request-context.js";

/** Seconds in which a response that brings newer tokens may still be on its way. */
const UNDER_WAY = 10;

/** A valid access token, for an app that makes a response with it. */
export async function getAccessToken<Data>(context: RequestContext<Data>, request?: TokenRequest): Promise<string> {
  context.responseWriter.markSessionRead();
  return usableToken(context, request);
}

/** Like {@link getAccessToken}, but does not mark the response as made from the session. Refreshes the token if it is due. */
export async function usableToken<Data>(opened: RequestContext<Data>, request: TokenRequest = {}): Promise<string> {
  const { session, reason } = opened.reading;
  const context = opened.atSession();
  if (!session || !context) throw new ExchangeError(reason === "store_unavailable" ? reason : "no_session");
  const { ports, responseWriter, provider, sessions } = context;
  const tokens = await context.tokens();
  const state = assess(tokens, request, ports.now());
  if (state.name === "fresh") return state.token.accessToken;
  if (state.name !== "due" || !tokens?.refreshToken) throw new ExchangeError("no_access_token");
  const { refreshToken } = tokens;
  /** Changes the session. @throws ExchangeError `no_session` if the session has ended meanwhile, or another one has begun */
  const change = (make: (draft: SessionDraft<SignedIn<Data>, TokenSet>) => void | Promise<void>) =>
    context.commit((draft) => {
      if (draft.session?.id !== session.id) throw new ExchangeError("no_session");
      return make(draft);
    });
  const { isShared = false } = sessions.storage;
  const noteName = (kind: "used" | "wait") => sessions.nameOf(tagOf(session.id), kind);
  const start = isShared || context.canWrite() ? "refresh_started" : "refresh_impossible";
  const work = renewToken(
    context,
    state,
    { name: start },
    {
      async refresh(request) {
        const currentAccessTokens = accessTokensOf(tokens).map((token) => token.accessToken);
        const subject = session.data.user.sub;
        const refresh = { ...request, refreshToken, subject, currentAccessTokens };
        const { release, spent, error, ...response } = await provider
          .refresh(refresh)
          .catch((error) => refuse(context, noteName, tokens, error));
        const merge = (set = tokens) => mergeTokens(set, response, request, undefined, spent);
        return { tokens: merge(), merge, release, error, malformed: response.malformed };
      },
      // Merged into the tokens that the session has when they are written: another request may have refreshed for another audience.
      async storeTokens({ tokens: { refreshToken: next }, merge, release }) {
        const isWritten = await change(async (draft) => {
          // A shared storage reads the latest tokens itself.
          setTokens(draft, merge(isShared ? tokens : await context.latestTokens()), merge);
          context.reading.jar.delete(noteName("used"));
        }).catch(async (error) => {
          // The session ended while its tokens were under way, so no other request will use or revoke the new refresh token.
          if (next && !context.reading.session)
            await provider.revoke(next).catch((failed) => context.emit(failure(exchangeErrorOf(failed))));
          throw error;
        });
        // A token in the store needs no response to carry it.
        if (isShared) release();
        else if (isWritten) responseWriter.onSent(release);
        // The headers left meanwhile: the process holds the tokens for the next request of the session.
        else context.emit(failure(new ExchangeError("refresh_required")));
        return isWritten;
      },
      endSession: () => change((draft) => draft.destroy()),
    },
  );
  return keepAlive(context, work);
}

/**
 * The error of a failed refresh. A provider that refuses the refresh token need not have ended the grant: another machine may have spent
 * the token just now, and the response with the new one may be on its way to the browser. So one cookie notes which tokens were
 * refused, and another one lasts for the ten seconds in which newer tokens may come: the browser counts the seconds, since the clocks
 * of machines differ. If there are newer tokens, the next requests of the browser bring them. If a request brings the refused tokens
 * again after ten seconds, the grant has ended. With sessions in a store, the store says at once whether there are newer tokens.
 * @throws ExchangeError `refresh_conflict`, or the error itself
 */
async function refuse<Data>(
  context: ProviderContext<Data>,
  noteName: (kind: "used" | "wait") => string,
  { expiresAt, refreshToken }: TokenSet,
  error: unknown,
): Promise<never> {
  const cause = exchangeErrorOf(error);
  const { jar, session } = context.reading;
  if (cause.code !== "grant_ended" || !session) throw cause;
  const [used, wait, note] = [noteName("used"), noteName("wait"), `${expiresAt}`];
  if (context.sessions.storage.isShared) {
    const latest = await context.latestTokens();
    if (latest?.refreshToken === refreshToken) throw cause;
  } else if (jar.get(used) !== note) {
    await context.commit(() => {
      jar.set(used, note, context.sessions.maxAge(session.endsAt));
      jar.set(wait, note, UNDER_WAY);
    });
  } else if (jar.get(wait) !== note) throw cause;
  throw new ExchangeError("refresh_conflict", { cause });
}
