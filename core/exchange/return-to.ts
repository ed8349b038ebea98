/** The path of `value` when it is on `origin`, else undefined. */
function pathOn(origin: string, value: unknown): string | undefined {
  /** As written into a URL; longer ones are not worth a cookie's bytes. */
  const MAX_LENGTH = 512;
  if (typeof value !== "string") return undefined;
  try {
    // Parse, resolve, compare origins: what a browser would make of it decides, not what it looks like (S13).
    const url = new URL(value, origin);
    const path = url.pathname + url.search + url.hash;
    // `/.//evil.example` stays on the origin, but its path alone would leave it: resolve what is handed out as well.
    const stays = url.origin === origin && new URL(path, origin).href === url.href;
    return stays && path.length <= MAX_LENGTH ? path : undefined;
  } catch {
    // Not a URL: no place to return to.
    return undefined;
  }
}

/**
 * A path with query and fragment on `origin`, or the fallback, or "/". It begins with one slash, and resolves to the
 * origin. Routes under `mount` are no place to return to: they would start another sign-in, or sign out.
 */
export function safeReturnTo(value: unknown, origin: string, fallback: string, mount?: string): string {
  const path = pathOn(origin, value);
  const isOurs = mount !== undefined && path?.toLowerCase().startsWith(`${mount.toLowerCase()}/`);
  return (isOurs ? undefined : path) ?? pathOn(origin, fallback) ?? "/";
}
