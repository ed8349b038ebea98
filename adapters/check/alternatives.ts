import { LOOPBACK } from "../lib/checks.js";

/*
 * Other URLs that may have been meant, where the configured one does not work. A check tries them, so that its finding can say which
 * value works.
 */

/** The URL with another scheme: https for http, and http for https on a loopback host. */
export function withOtherScheme(url: string): string | undefined {
  const { protocol, hostname } = new URL(url);
  if (protocol === "http:") return url.replace(/^http:/i, "https:");
  return LOOPBACK.test(hostname) ? url.replace(/^https:/i, "http:") : undefined;
}

/** The URL with the other name of this machine. */
export function withOtherLoopback(url: string): string | undefined {
  const { hostname } = new URL(url);
  if (!LOOPBACK.test(hostname)) return undefined;
  return url.replace(/\/\/(\[[^\]]*\]|[^/:]+)/, hostname === "localhost" ? "//127.0.0.1" : "//localhost");
}

/** Paths of issuers at large providers, by the end of the host name. */
const KNOWN_PATHS: ReadonlyArray<readonly [host: RegExp, path: string]> = [
  [/(^|\.)login\.microsoftonline\.com$/, "/v2.0"],
  [/\.okta(preview)?\.com$/, "/oauth2/default"],
];

/**
 * Issuers that may have been meant, the likeliest first.
 * @param answers whether the host answered at all: if not, only another scheme or another name of this machine can help
 */
export function issuersNear(issuer: string, answers: boolean): readonly string[] {
  const wellKnown = issuer.indexOf("/.well-known");
  const base = wellKnown < 0 ? issuer : issuer.slice(0, wellKnown);
  const url = new URL(base);
  const near = [wellKnown < 0 ? undefined : base, withOtherScheme(base), withOtherLoopback(base)];
  if (answers) {
    for (const [host, path] of KNOWN_PATHS) {
      if (host.test(url.hostname) && !url.pathname.includes(path)) near.push(base.replace(/\/$/, "") + path);
    }
    const segments = url.pathname.split("/").filter(Boolean);
    // From the longest path to none; an issuer has few segments.
    for (let count = Math.min(segments.length, 5) - 1; count >= 0; count--) {
      near.push(`${url.origin}/${segments.slice(0, count).join("/")}`.replace(/\/$/, ""));
    }
  }
  return [...new Set(near)].filter((each) => each !== undefined && each !== issuer) as string[];
}
