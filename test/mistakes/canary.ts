import { inspect } from "node:util";
import type { Browser } from "../machines/world.js";

/** Parameters and members that are secret, or belong to one sign-in. */
const NAMES = [
  ...["code", "code_verifier", "code_challenge", "state", "nonce", "request_uri"],
  ...["client_secret", "client_assertion", "token", "access_token", "refresh_token", "id_token", "id_token_hint"],
];

/** The forms in which a text may be repeated. A part of a long text tells as much as the whole. */
const formsOf = (secret: string): string[] =>
  [secret, secret.length >= 24 ? secret.slice(0, 16) : secret].flatMap((text) => [
    text,
    encodeURIComponent(text),
    ...(["base64", "base64url"] as const).map((encoding) => Buffer.from(text).toString(encoding).replace(/=+$/, "")),
  ]);

/** Collects the secrets that go over a wire: of the app's own requests, and of a browser. */
export function createCanary(fixed: readonly string[]) {
  const secrets = new Set(fixed);
  const add = (value: unknown) => {
    // Cookies that say when something ends in plain digits have no secret.
    if (typeof value === "string" && value.length >= 8 && !/^\d+$/.test(value)) secrets.add(value);
  };
  const addFrom = (parameters: URLSearchParams) => {
    for (const name of NAMES) for (const value of parameters.getAll(name)) add(value);
  };
  return {
    add,
    secrets: secrets as ReadonlySet<string>,
    /** The platform's `fetch`, whose requests and responses are read. */
    async fetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
      const request = new Request(input, init);
      addFrom(new URL(request.url).searchParams);
      addFrom(new URLSearchParams(`${init?.body ?? ""}`));
      const [scheme, credentials = ""] = (request.headers.get("authorization") ?? "").split(" ");
      add(credentials);
      if (scheme === "Basic")
        for (const part of Buffer.from(credentials, "base64").toString().split(":").slice(1)) add(part);
      const response = await fetch(input, init);
      const body = await response
        .clone()
        .json()
        .catch(() => ({}));
      for (const name of NAMES) add(body?.[name]);
      return response;
    },
    /** The browser, whose requests and responses are read. */
    watch<Watched extends Browser>(browser: Watched): Watched {
      const get = browser.get.bind(browser);
      browser.get = async (path, options) => {
        const answer = await get(path, options);
        for (const url of [path, answer.headers.location]) {
          if (url) addFrom(new URL(url, "http://localhost").searchParams);
        }
        for (const line of answer.setCookies) add(line.slice(line.indexOf("=") + 1).split(";", 1)[0]);
        return answer;
      };
      return browser;
    },
    /** The secrets of which this has any form, however deep: none should be. */
    leaksIn(emitted: unknown): string[] {
      const text =
        typeof emitted === "string"
          ? emitted
          : inspect(emitted, { depth: Infinity, maxStringLength: Infinity, maxArrayLength: Infinity });
      return [...secrets].filter((secret) => formsOf(secret).some((form) => text.includes(form)));
    },
  };
}
