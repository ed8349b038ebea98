import { openChannel } from "../browser/channel.js";

/** Tells the other tabs of this site which user is signed in, if the browser has BroadcastChannel. */
export interface UserChannel {
  /** Sets the user that this tab knows: the subject, or null. `isSent`: the other tabs are told, if it is another user. */
  setUser(subject: string | null, isSent: boolean): void;
  close(): void;
}

/** Calls `onOther` when another tab knows another user than this one. */
export function openUserChannel(name: string, onOther: () => void): UserChannel {
  let subject: string | null | undefined;
  const channel = openChannel(name);
  if (channel) {
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (data !== subject) onOther();
    };
  }
  return {
    setUser(next, isSent) {
      if (isSent && next !== subject) channel?.postMessage(next);
      subject = next;
    },
    close: () => channel?.close(),
  };
}
