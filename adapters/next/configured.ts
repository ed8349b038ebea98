import { must } from "../../core/errors.js";
import type { FetchInit, FetchLike } from "../../core/ports.js";
import type { AppConfig } from "../../core/relying-party/config.js";
import { createRelyingParty, type RelyingParty } from "../../core/relying-party/relying-party.js";
import type { AuthOptions } from "../lib/auth-options.js";
import { resolveConfig } from "../lib/config.js";
import type { PortOptions } from "../lib/ports.js";
import { serverPortsOf } from "../lib/server-ports.js";
import { createSealedLogin } from "./sealed-login.js";

/** A checked configuration and its relying party. */
export interface Configured<Data> {
  readonly config: AppConfig<Data>;
  readonly relyingParty: RelyingParty<Data>;
  /** The path of the app's base URL: Next removes its `basePath` from the URLs that it passes to handlers. */
  readonly base: string;
}

const FETCH = Symbol.for("latchkey.fetch");

/**
 * A `fetch` without Next's cache, looked up at each call because Next replaces the global function. All copies of this package
 * in a process use one function, because copies with one `fetch` share their caches (`registry.ts`).
 */
export function uncachedFetch(): FetchLike {
  const holder = globalThis as { [FETCH]?: FetchLike };
  holder[FETCH] ??= (url: string, init?: FetchInit) =>
    globalThis.fetch(url, { ...init, cache: "no-store" } as RequestInit) as unknown as Promise<Response>;
  return holder[FETCH];
}

/** Calls `make` at the first use, because a build imports pages without secrets. An error is not stored: the next use tries again. */
export function lazily<Value>(make: () => Value): () => Value {
  let made: { value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** The path of a request for none of the routes must be under `mount`. @throws MisuseError (`invalid_config`) naming what to change */
export const mustBeUnder = (mount: string, path: string): void =>
  must(path.startsWith(`${mount}/`), `this handler answers ${path}: set mount to the folder of its file`);

/** Creates the relying party of a configuration. @throws MisuseError (`invalid_config`) naming what to change */
export function serve<Data>(config: AppConfig<Data>, { fetch = uncachedFetch(), ...ports }: PortOptions) {
  const serverPorts = serverPortsOf({ ...ports, fetch });
  const sealedLogin = createSealedLogin(config.session.secret, serverPorts.now);
  const relyingParty = createRelyingParty({ ...config, sealedLogin }, serverPorts);
  return { config, relyingParty, base: config.sites[0].path };
}

/** Options completed from the environment, at first use. */
export const configure = <Data>(options: AuthOptions<Data>): (() => Configured<Data>) =>
  lazily(() => serve(resolveConfig(options, process.env), options));
