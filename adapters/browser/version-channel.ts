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
export type SessionListener = (session: ClientSession | null, isSignOut: boolean) => void;

/** The version of the session that this tab holds. Other tabs send it theirs, and may request it, over a channel. */
export class VersionChannel {
  readonly #channel: BroadcastChannel | undefined;
  readonly #listener: SessionListener;
  #current: SessionVersion;
  /** Runs at every change of the version while {@link receive} waits. */
  #onChange: (() => void) | undefined;

  constructor(name: string, purpose: string, listener: SessionListener) {
    this.#current = firstVersion(purpose);
    this.#listener = listener;
    this.#channel = openChannel(name);
    this.#channel?.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
      if (!isTabMessage(data)) return;
      if (data.type === "version") this.replace(versionAfter(this.#current, data.version));
      else if (isSent(this.#current, data.newerThan)) this.send();
    });
  }

  /** Whether this page has a channel to other tabs. */
  get isOpen(): boolean {
    return this.#channel !== undefined;
  }

  get current(): SessionVersion {
    return this.#current;
  }

  /** Replaces the version of this tab alone. */
  replace(next: SessionVersion): void {
    const { session } = this.#current;
    this.#current = next;
    this.#onChange?.();
    if (session !== next.session) this.#listener(next.session, next.session === null && next.isSignOut);
  }

  /** Sends the version of this tab to the others. */
  send(): void {
    this.#post({ type: "version", version: this.#current });
  }

  /** Requests the version of `generation` from other tabs; false if it, or a later one, does not come within `milliseconds`. */
  request(generation: number, milliseconds: number): Promise<boolean> {
    return new Promise((resolve) => {
      const isReceived = () => hasReceived(this.#current, generation);
      const finish = () => {
        clearTimeout(timer);
        this.#onChange = undefined;
        resolve(isReceived());
      };
      const timer = setTimeout(finish, milliseconds);
      this.#onChange = () => {
        if (isReceived()) finish();
      };
      this.#post({ type: "request", newerThan: Math.min(this.#current.generation, generation - 1) });
    });
  }

  #post(message: TabMessage): void {
    this.#channel?.postMessage(message);
  }
}
