import { randomBytes } from "node:crypto";
import { startChild } from "./child.js";

/**
 * A request that an app's server made to the provider, as the provider saw it. `at`: milliseconds of its clock.
 * @typedef {{ purpose: string, at: number }} ServerRequest
 *
 * @typedef {{ id: string, secret: string, authentication: string, callbacks: string[] }} Client
 */

/**
 * Starts the provider that all apps share.
 * @param {{ authentication?: string, callback: string }[]} apps
 */
export async function startProvider(apps) {
  const methods = [...new Set(apps.map(({ authentication = "client_secret_basic" }) => authentication))];
  const clients = methods.map((authentication) => ({
    id: `bench-${authentication}`,
    secret: randomBytes(32).toString("base64url"),
    authentication,
    callbacks: [...new Set(apps.map(({ callback }) => callback))],
  }));
  const child = await startChild(new URL("provider-process.js", import.meta.url), { clients });
  const operation = (name) => (value) => child.send({ name, value });
  return {
    issuer: child.ready.issuer,
    /** @param {string} [authentication] */
    clientOf: (authentication = "client_secret_basic") =>
      clients.find((client) => client.authentication === authentication),
    /** The requests of the apps' servers since the last call, oldest first. @type {() => Promise<ServerRequest[]>} */
    take: operation("take"),
    /**
     * From now on a token response waits until the keys are requested, and the reverse, for at most so many milliseconds.
     * @type {(milliseconds: number) => Promise<void>}
     */
    delayUntilBoth: operation("delayUntilBoth"),
    /** Sets the lifetimes of later access tokens, in seconds. @type {(lifetimes: { signIn: number, refresh: number }) => Promise<void>} */
    setLifetimes: operation("setLifetimes"),
    /** Returns those of the access tokens that are valid now. @type {(tokens: string[]) => Promise<string[]>} */
    validTokens: operation("validTokens"),
    stop: child.stop,
  };
}
