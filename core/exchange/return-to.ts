/** The path of `value` when it is on `origin`, else undefined. */
function pathOn(origin: string, value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  try {
    // The URL is parsed and resolved as a browser does, and its origin compared; how the text looks proves nothing (S13).
    const url = new URL(value, origin);
    const path = url.pathname + url.search + url.hash;
    // `/.//evil.example` stays on the origin, but its path `//evil.example` would leave it. So the path is resolved as well.
    const stays = url.origin === origin && new URL(path, origin).href === url.href;
    return stays ? path : undefined;
  } catch {
    // The value is not a URL.
    return undefined;
  }
}

/**
 * The path, query and fragment of `value` if it is on `origin`, else the fallback, else "/". The result begins with one slash
 * and resolves to the origin. Routes under `mount` are refused, because they would start another sign-in, or sign out.
 */
export function safeReturnTo(value: unknown, origin: string, fallback: string, mount?: string): string {
  const path = pathOn(origin, value);
  const isRoute = mount !== undefined && path?.toLowerCase().startsWith(`${mount.toLowerCase()}/`);
  return (isRoute ? undefined : path) ?? pathOn(origin, fallback) ?? "/";
}
