import { must } from "../../core/errors.js";
import { isObject } from "../../core/is-object.js";
import { isAsymmetric } from "../../core/provider/algorithms.js";
import type { ConnectableStore, Store } from "../../core/store/store.js";

/** The message for a function that was given to a framework itself, without being called. */
export const notCalled = (entry: string): string => `pass what ${entry}() returns, not ${entry} itself`;

/**
 * The argument of `entry` must be options. It is a request if the app passed `entry` itself to a framework, and not what `entry`
 * returns.
 */
export function mustBeOptions(options: unknown, entry: string): void {
  must(isObject(options), `options of ${entry} must be an object`);
  must(!("headers" in options), notCalled(entry));
}

/** @throws MisuseError (`invalid_config`) when a wrapper such as `wrap` was called with something that is no handler, such as a request */
export const mustBeHandler = (handler: unknown, wrapper: string): void =>
  must(typeof handler === "function", `${wrapper} takes a handler: a function`);

/** The algorithm of a provider's signatures. @throws MisuseError (`invalid_config`) unless it is asymmetric */
export const mustSign = (algorithm: string, option: string): void =>
  must(isAsymmetric(algorithm), `${option} must be asymmetric, such as RS256`);

export const mustBeSeconds = (httpTimeout: number, clockTolerance: number): void =>
  must(
    httpTimeout > 0 && clockTolerance >= 0 && httpTimeout + clockTolerance < 1e3,
    "httpTimeout must be above 0 seconds, clockTolerance 0 or more, and their sum below 1000",
  );

/** The host names of the developer's own machine, to which browsers and providers allow plain http. */
export const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * Text in the place of a value: of a template, of a document, of a variable that is not set. Or the value has quotes or blanks around
 * it, as `docker --env-file` and mounted secrets leave them.
 */
const PLACEHOLDER = /^(undefined|null|\$?[<{"'].*[>}"']|\$[a-z_]+|your[-_ ].*|\s.*|.*\s)$/is;

/** The same inside of a URL; and the discovery document's URL in the place of the issuer. */
const NO_URL = /[*<>{}\s]|\/\/undefined(?![\w-])|\byour(_|-domain|-tenant)|\/\.well-known\//i;

/** `option`: as the message names it. @throws MisuseError (`invalid_config`) if the value was never filled in; it is not quoted */
export const mustBeFilledIn = (value: unknown, option: string): void =>
  must(
    typeof value === "string" && !PLACEHOLDER.test(value),
    `${option} is a placeholder, or has quotes or blanks around it`,
  );

/** `option`: as the message names it. @throws MisuseError (`invalid_config`) unless it is an address that may be relied on */
export function urlOf(value: unknown, option: string): URL {
  const url = typeof value === "string" && !NO_URL.test(value) && URL.canParse(value) ? new URL(value) : undefined;
  const isSecure = url?.protocol === "https:" || (url?.protocol === "http:" && LOOPBACK.test(url.hostname));
  must(
    url && isSecure && url.href === url.origin + url.pathname,
    `${option} must be an https URL (http only on localhost or loopback), without user, query, fragment, wildcard, placeholder or /.well-known/`,
  );
  return url;
}

/**
 * The option `store`, as latchkey calls it.
 *
 * @throws MisuseError (`invalid_config`) unless it is left out or a store: clients of databases have a `connect` too
 */
export function connectable(store: Store | undefined): ConnectableStore | undefined {
  must(
    store === undefined || typeof store?.signOutEverywhere === "function",
    "store must be what redisStore(client) or createStore(port) returns",
  );
  return store as ConnectableStore | undefined;
}
