import type { ClientCallback } from "./client-callback.js";
import { watchPage } from "./page.js";
import { fail, isServer, type PageContext, userOf } from "./page-context.js";
import { restoreSession } from "./renewal.js";
import { stateOf } from "./state.js";

/** A promise that never resolves: a frame or popup that has relayed its callback must do nothing more. */
export const never = /* @__PURE__ */ new Promise<never>(() => {});

/** The start of a client. */
export interface Start {
  /** Starts the client once, or again after a start that failed. @throws ExchangeError */
  start(): Promise<void>;
  /** Gets tokens of this client for a user who signed in with another scope or audience, if a frame finds the user. */
  followSignIn(): void;
}

/**
 * How a client starts:
 * 1. If this page is the callback in a frame or popup, it relays its URL and does nothing more.
 * 2. If this page is the callback of a sign-in of this client, that sign-in is completed.
 * 3. The session is restored from other tabs or from the provider.
 */
export function createStart(context: PageContext, callback: ClientCallback): Start {
  const { authState } = context;
  let isWatching = false;
  /** The start; undefined before the first start, and after a start that failed. */
  let starting: Promise<void> | undefined;
  let startError: unknown;
  let isStarted = false;

  const start = () => {
    starting ??= isServer ? Promise.resolve() : run();
    return starting;
  };
  /** Starts the client if its start failed, and gets the latest version: a page in the back-forward cache gets no messages. */
  const catchUp = () =>
    void start()
      .then(() => context.takeTurn(async () => {}))
      .catch(() => {});
  async function run() {
    if (await callback.relay()) await never;
    if (!isWatching) watchPage({ onReturn: catchUp, onRestore: catchUp });
    isWatching = true;
    await callback.completeForStart();
    try {
      await restoreSession(context);
      isStarted = true;
      const { isLoading, error } = authState.getState();
      if (isLoading || (error && error === startError)) authState.setState(stateOf(userOf(context)));
    } catch (error) {
      starting = undefined;
      startError = error;
      fail(context, error);
      throw error;
    }
  }
  return {
    start,
    // A start that is not done finds the user itself.
    followSignIn: () => void (isStarted && restoreSession(context, false).catch(() => {})),
  };
}
