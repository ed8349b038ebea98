import { openChannel } from "../browser/channel.js";

/** Tells the other tabs of this site which user is signed in, if the browser has BroadcastChannel. */
export interface UserChannel {
  /** Sets the user of this tab: the subject, or null. `mustAnnounce`: sends the user to the other tabs, if it changed. */
  setUser(subject: string | null, mustAnnounce: boolean): void;
  close(): void;
}

/** Calls `onOther` when another tab sends another user than that of this tab. */
export function openUserChannel(name: string, onOther: () => void): UserChannel {
  let subject: string | null | undefined;
  const channel = openChannel(name);
  if (channel) {
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (data !== subject) onOther();
    };
  }
  return {
    setUser(next, mustAnnounce) {
      if (mustAnnounce && next !== subject) channel?.postMessage(next);
      subject = next;
    },
    close: () => channel?.close(),
  };
}
