import { openChannel } from "./channel.js";
import type { ClientSession } from "./client-session.js";
import {
  firstVersion,
  isTabMessage,
  maySend,
  type SessionVersion,
  type TabMessage,
  versionAfter,
} from "./session-version.js";

/** What a client does when the session of its tab changes, or that of a client with another `tokenKey`. */
export interface SessionListeners {
  /** Another session, or none, replaces that of this tab. `isSignOut`: the user signed out, in this tab or another. */
  onSession(session: ClientSession | null, isSignOut: boolean | undefined): void;
  /** A user signed in with another `tokenKey`, so that this tab has no session. */
  onSignInElsewhere(): void;
  /** The user signed out with another `tokenKey`, which ended the session of this tab. */
  onSignOutElsewhere(ended: ClientSession): void;
}

/** The version of the session in this tab, and the channel over which tabs send and request versions. */
export interface VersionChannel {
  /** Whether this page has a channel to other tabs. */
  readonly isOpen: boolean;
  current(): SessionVersion;
  /** Replaces the version of this tab, and sends no message. */
  replace(next: SessionVersion): void;
  /** Sends the version of this tab to the others. */
  send(): void;
  /** Requests the version of `generation` from other tabs. False if neither it nor a later one arrives within `milliseconds`. */
  request(generation: number, milliseconds: number): Promise<boolean>;
}

export function openVersionChannel(name: string, tokenKey: string, listeners: SessionListeners): VersionChannel {
  const channel = openChannel(name);
  let current = firstVersion(tokenKey);
  /** Runs at every change of the version while `request` waits. */
  let onChange: (() => void) | undefined;

  const post = (message: TabMessage) => channel?.postMessage(message);
  const send = () => post(current);
  const replace = (next: SessionVersion) => {
    const { session } = current;
    current = next;
    onChange?.();
    if (session !== next.session) listeners.onSession(next.session, next.isSignOut);
  };
  const request = (generation: number, milliseconds: number) =>
    new Promise<boolean>((resolve) => {
      const isReceived = () => current.generation >= generation;
      const finish = () => {
        clearTimeout(timer);
        onChange = undefined;
        resolve(isReceived());
      };
      const timer = setTimeout(finish, milliseconds);
      onChange = () => {
        if (isReceived()) finish();
      };
      post({ newerThan: current.generation });
    });
  const receive = (received: SessionVersion) => {
    const { session, elsewhere } = current;
    replace(versionAfter(current, received));
    const subject = current.elsewhere?.user.sub;
    if (subject !== undefined && subject !== elsewhere?.user.sub) listeners.onSignInElsewhere();
    const isSignOut = session && current.isSignOut && received.tokenKey !== tokenKey;
    if (isSignOut) listeners.onSignOutElsewhere(session);
  };

  channel?.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
    if (!isTabMessage(data)) return;
    if ("generation" in data) receive(data);
    else if (maySend(current, data.newerThan)) send();
  });
  return { isOpen: channel !== undefined, current: () => current, replace, send, request };
}
