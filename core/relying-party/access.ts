import { ExchangeError, MisuseError } from "../errors.js";
import { runTokens } from "../exchange/drive.js";
import { assess, mergeTokens, type TokenRequest, type TokenSet } from "../exchange/token-life.js";
import type { FetchInit } from "../ports.js";
import type { SessionDraft } from "../session/draft.js";
import type { SignedIn } from "./config.js";
import { keepAlive, type VisitContext } from "./context.js";

/** A usable access token of the session, for who makes a response of it. */
export async function accessToken<Data>(visit: VisitContext<Data>, asked?: TokenRequest): Promise<string> {
  visit.outlet.markSessionRead();
  return usableToken(visit, asked);
}

/** Drives the token machine, refreshing where it is due. */
export async function usableToken<Data>(visit: VisitContext<Data>, asked: TokenRequest = {}): Promise<string> {
  const { ports, outlet, provider } = visit;
  const { session } = visit.reading;
  if (!session) throw new ExchangeError("no_session");
  const tokens = await visit.tokens();
  const state = assess(tokens, asked, ports.now());
  if (state.name === "fresh") return state.token.accessToken;
  if (state.name !== "due" || !tokens) throw new ExchangeError("no_access_token");
  let merge: (held: TokenSet) => TokenSet;
  let release = () => {};
  /** Meanwhile somebody may have signed out, or somebody else have signed in. */
  const change = (make: (draft: SessionDraft<SignedIn<Data>, TokenSet>) => void | Promise<void>) =>
    visit.commit((draft) => {
      if (draft.session?.id !== session.id) throw new ExchangeError("no_session");
      return make(draft);
    });
  const work = runTokens(
    visit,
    state,
    { name: visit.canWrite() ? "refresh_started" : "refresh_impossible" },
    {
      async refresh(refreshToken, request) {
        const currentAccessTokens = [tokens, ...(tokens.otherTokens ?? [])].map((token) => token.accessToken);
        const {
          response,
          release: released,
          ...renewed
        } = await provider.refresh({
          ...request,
          refreshToken,
          subject: session.data.user.sub,
          currentAccessTokens,
        });
        release = released;
        merge = (set) => mergeTokens(set, { ...response, ...renewed }, request);
        return merge(tokens);
      },
      // Into the tokens of that moment: a refresh for another audience may have been written meanwhile.
      async write() {
        const isKept = await change(async (draft) => draft.setTokens(merge((await draft.tokens()) ?? tokens)));
        if (isKept) outlet.onSent(release);
        return isKept;
      },
      end: () => change((draft) => draft.destroy()),
    },
  );
  return keepAlive(visit, work);
}

/** `fetch` with the session's access token, to allow-listed origins only. */
export async function authorizedFetch<Data>(
  visit: VisitContext<Data>,
  url: string | URL,
  init: FetchInit = {},
  asked: TokenRequest = {},
): Promise<Response> {
  const { config } = visit;
  // Called as a function: the platform's own takes no other `this` than none.
  const { fetch } = visit.ports;
  const { origin, href, username, password, protocol } = new URL(url);
  const isPlain = protocol.startsWith("http") && !username && !password;
  if (!isPlain || !config.apiOrigins.includes(origin)) {
    throw new MisuseError("origin_not_allowed", "add the API's origin to apiOrigins");
  }
  const send = async (request: TokenRequest) => {
    const headers = new Headers(init.headers);
    headers.set("authorization", `Bearer ${await accessToken(visit, request)}`);
    // Not followed unless asked: some runtimes send Authorization on to wherever a redirect leads.
    return fetch(href, { redirect: "manual", ...init, headers });
  };
  const response = await send(asked);
  if (response.status !== 401 || !isRepeatable(init.body)) return response;
  try {
    return await send({ ...asked, refresh: true });
  } catch (error) {
    // Without a newer token the API's own answer stands.
    if (error instanceof ExchangeError && error.code !== "grant_ended") return response;
    throw error;
  }
}

/** A stream is gone once it was sent. */
const isRepeatable = (body: FetchInit["body"] | Partial<ReadableStream>): boolean =>
  !(body as Partial<ReadableStream> | null | undefined)?.getReader;
