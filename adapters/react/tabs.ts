import { openChannel } from "../browser/channel.js";

/** The other tabs of this site, as far as the browser lets tabs talk. */
export interface Tabs {
  /** Who is signed in, as this tab knows now; `isTold` tells the others, where it is news. */
  know(sub: string | null, isTold: boolean): void;
  close(): void;
}

/** Calls `differs` when another tab knows of somebody else. */
export function createTabs(name: string, differs: () => void): Tabs {
  let known: string | null | undefined;
  const channel = openChannel(name);
  if (channel) {
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (data !== known) differs();
    };
  }
  return {
    know(sub, isTold) {
      if (isTold && sub !== known) channel?.postMessage(sub);
      known = sub;
    },
    close: () => channel?.close(),
  };
}
