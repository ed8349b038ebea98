import { openChannel } from "./channel.js";
import type { ClientSession } from "./client-session.js";
import {
  firstVersion,
  hasReceived,
  isSent,
  isTabMessage,
  type SessionVersion,
  type TabMessage,
  versionAfter,
} from "./session-version.js";

/** Called whenever a tab's session is replaced. `isSignOut`: the user signed out, here or in another tab. */
export type SessionListener = (session: ClientSession | null, isSignOut: boolean | undefined) => void;

/** The version of the session that this tab holds. Other tabs send it theirs, and may request it, over a channel. */
export interface VersionChannel {
  /** Whether this page has a channel to other tabs. */
  readonly isOpen: boolean;
  current(): SessionVersion;
  /** Replaces the version of this tab alone. */
  replace(next: SessionVersion): void;
  /** Sends the version of this tab to the others. */
  send(): void;
  /** Requests the version of `generation` from other tabs; false if it, or a later one, does not come within `milliseconds`. */
  request(generation: number, milliseconds: number): Promise<boolean>;
}

export function openVersionChannel(name: string, purpose: string, listener: SessionListener): VersionChannel {
  const channel = openChannel(name);
  let current = firstVersion(purpose);
  /** Runs at every change of the version while `request` waits. */
  let onChange: (() => void) | undefined;

  const post = (message: TabMessage) => channel?.postMessage(message);
  const send = () => post(current);
  const replace = (next: SessionVersion) => {
    const { session } = current;
    current = next;
    onChange?.();
    if (session !== next.session) listener(next.session, next.isSignOut);
  };
  const request = (generation: number, milliseconds: number) =>
    new Promise<boolean>((resolve) => {
      const isReceived = () => hasReceived(current, generation);
      const finish = () => {
        clearTimeout(timer);
        onChange = undefined;
        resolve(isReceived());
      };
      const timer = setTimeout(finish, milliseconds);
      onChange = () => {
        if (isReceived()) finish();
      };
      post({ newerThan: Math.min(current.generation, generation - 1) });
    });

  channel?.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
    if (!isTabMessage(data)) return;
    if ("generation" in data) replace(versionAfter(current, data));
    else if (isSent(current, data.newerThan)) send();
  });
  return { isOpen: channel !== undefined, current: () => current, replace, send, request };
}
