import type { SignedIn } from "../../adapters/browser/callback.js";
import type { Client } from "../../adapters/browser/client-types.js";
import { createObservableState } from "../../adapters/browser/observable-state.js";
import { LOADING, stateOf } from "../../adapters/browser/state.js";
import type { AccessToken, TokenRequest } from "../../core/exchange/token-set.js";
import type { User } from "../../core/exchange/user.js";

const keyOf = ({ audience = "", scope = "" }: TokenRequest = {}) => `${audience} ${scope}`.trim();

/** A client whose answers the test controls. */
export function createFakeClient(options: { user?: User | null; known?: boolean } = {}) {
  const { user = null, known = false } = options;
  const state = createObservableState(known ? stateOf(user) : LOADING);
  const tokens = new Map<string, AccessToken>();
  const calls: Array<[name: string, ...rest: unknown[]]> = [];
  const control = {
    /** The calls of the client's methods, in order. */
    calls,
    called: (name: string) => calls.filter(([called]) => called === name).map(([, ...rest]) => rest),
    /** The result of `handleCallback`. */
    callback: (async () => undefined) as () => Promise<SignedIn | undefined>,
    /** Issues a new access token; the client waits while this promise is pending. */
    issue: (async () => ({ accessToken: "token" })) as (request: TokenRequest) => Promise<AccessToken>,
    /** Restores the session, as `getUser` does. */
    restore: async () => {
      if (state.getState().isLoading) state.setState(stateOf(user));
    },
    leave: async () => {},
    hold: (request: TokenRequest, token: AccessToken) => void tokens.set(keyOf(request), token),
    tell: state.setState,
  };
  const isValid = (token: AccessToken | undefined) => token && (token.expiresAt ?? Infinity) > Date.now();
  const fail = (error: Error) => {
    state.setState(stateOf(state.getState().user, error));
    throw error;
  };
  const client: Client = {
    getState: state.getState,
    onChange: state.onChange,
    async getUser() {
      calls.push(["getUser"]);
      await control.restore().catch(fail);
      return state.getState().user;
    },
    async login(options) {
      calls.push(["login", options]);
      await control.leave().catch(fail);
    },
    async handleCallback() {
      calls.push(["handleCallback"]);
      const signedIn = await control.callback().catch(fail);
      if (signedIn) state.setState(stateOf(user));
      return signedIn;
    },
    async logout(options) {
      calls.push(["logout", options]);
      state.setState(stateOf(null));
    },
    async getAccessToken(request = {}) {
      calls.push(["getAccessToken", keyOf(request)]);
      const at = tokens.get(keyOf(request));
      const { expiresAt = Infinity, dueAt = expiresAt - 60_000 } = at ?? {};
      if (at && Date.now() < dueAt) return at.accessToken;
      const token = await control.issue(request);
      tokens.set(keyOf(request), token);
      return token.accessToken;
    },
    peekAccessToken(request = {}) {
      const token = tokens.get(keyOf(request));
      return isValid(token) ? token : undefined;
    },
  };
  return { client, ...control, control };
}

export type FakeClient = ReturnType<typeof createFakeClient>;
