/** The path that is shown, with its query and fragment. */
export const shownPath = (): string => location.pathname + location.search + location.hash;

export interface PageEvents {
  /** Somebody looks at the page again, or the network is back. */
  look?(): void;
  /** It may be kept aside from here on (back-forward cache), or it ends. */
  left?(): void;
  /** It was kept aside, and is shown again as it was left. */
  restored?(): void;
}

/** Tells until what is returned is called. */
export function watchPage({ look, left, restored }: PageEvents): () => void {
  const watching = new AbortController();
  const on = (target: EventTarget, type: string, listener: (event: Event) => void) =>
    target.addEventListener(type, listener, { signal: watching.signal });
  for (const type of ["focus", "online"]) on(window, type, () => look?.());
  on(document, "visibilitychange", () => document.visibilityState === "visible" && look?.());
  on(window, "pagehide", () => left?.());
  on(window, "pageshow", (event) => (event as PageTransitionEvent).persisted && restored?.());
  return () => watching.abort();
}
