import type { FetchInit, FetchLike } from "../../core/ports.js";
import type { RelyingPartyConfig } from "../../core/relying-party/config.js";
import { createRelyingParty, type RelyingParty } from "../../core/relying-party/relying-party.js";
import { type AuthOptions, resolveConfig } from "../lib/config.js";
import type { PortOptions } from "../lib/ports.js";
import { serverPortsOf } from "../lib/server-ports.js";

/** A checked configuration and what serves it. */
export interface Configured<Data> {
  readonly config: RelyingPartyConfig<Data>;
  readonly relyingParty: RelyingParty<Data>;
  /** The path that the app lives under: Next takes its `basePath` off what it hands out. */
  readonly base: string;
}

const FETCH = Symbol.for("latchkey.fetch");

/**
 * Next replaces `fetch` while it runs, and caches what it is not told to leave alone. One function for all copies of this
 * package in a process: what they share hangs on it.
 */
export function uncachedFetch(): FetchLike {
  const holder = globalThis as { [FETCH]?: FetchLike };
  holder[FETCH] ??= (url: string, init?: FetchInit) =>
    globalThis.fetch(url, { ...init, cache: "no-store" } as RequestInit) as unknown as Promise<Response>;
  return holder[FETCH];
}

/** `make`, called at first use: a build imports pages without secrets. What it throws is thrown each time. */
export function lazily<Value>(make: () => Value): () => Value {
  let made: { value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** Serves a configuration. @throws MisuseError (`invalid_config`) naming what to change */
export function serve<Data>(config: RelyingPartyConfig<Data>, { fetch = uncachedFetch(), ...ports }: PortOptions) {
  const relyingParty = createRelyingParty(config, serverPortsOf({ ...ports, fetch }));
  return { config, relyingParty, base: config.sites[0].path };
}

/** Options completed from the environment, at first use. */
export const configure = <Data>(options: AuthOptions<Data>): (() => Configured<Data>) =>
  lazily(() => serve(resolveConfig(options, process.env), options));
