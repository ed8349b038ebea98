/** A channel to all pages of this origin; undefined if the browser has none, or refuses it to this page. */
export function openChannel(name: string): BroadcastChannel | undefined {
  try {
    return new BroadcastChannel(name);
  } catch {
    return undefined;
  }
}
