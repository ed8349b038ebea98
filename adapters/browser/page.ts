/** The path of this page, with its query and fragment. */
export const currentPath = (): string => location.pathname + location.search + location.hash;

export interface PageEvents {
  /** The user returns to the page, or the network is back. */
  onReturn?(): void;
  /** The page is left. The browser may keep it in its back-forward cache. */
  onLeave?(): void;
  /** The browser shows the page again from its back-forward cache. */
  onRestore?(): void;
}

/** Watches this page until the returned function is called. */
export function watchPage({ onReturn, onLeave, onRestore }: PageEvents): () => void {
  const watching = new AbortController();
  const on = (target: EventTarget, type: string, listener: ((event: Event) => void) | undefined) =>
    target.addEventListener(type, listener ?? null, { signal: watching.signal });
  on(window, "focus", onReturn);
  on(window, "online", onReturn);
  on(document, "visibilitychange", () => document.visibilityState === "visible" && onReturn?.());
  on(window, "pagehide", onLeave);
  on(window, "pageshow", (event) => (event as PageTransitionEvent).persisted && onRestore?.());
  return () => watching.abort();
}
