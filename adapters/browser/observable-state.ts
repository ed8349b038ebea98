import type { AuthState } from "./state.js";

/** Calls a function of the app. Its error is reported as an uncaught error, and does not stop the caller. */
export function callApp(callback: () => void): void {
  try {
    callback();
  } catch (error) {
    setTimeout(() => {
      throw error;
    });
  }
}

/** A state that the page changes, and its listeners. */
export interface ObservableState<State extends AuthState> {
  getState(): State;
  setState(state: State): void;
  onChange(listener: (state: State) => void): () => void;
}

export function createObservableState<State extends AuthState>(initial: State): ObservableState<State> {
  const listeners = new Set<(state: State) => void>();
  let state = initial;
  return {
    getState: () => state,
    onChange(listener) {
      // A new function for each subscription: a listener that subscribes twice is called twice, and can leave once.
      const subscription = (next: State) => listener(next);
      listeners.add(subscription);
      return () => void listeners.delete(subscription);
    },
    setState(next) {
      state = next;
      for (const listener of listeners) callApp(() => listener(next));
    },
  };
}
