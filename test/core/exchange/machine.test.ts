import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ExchangeError } from "../../../core/errors.js";
import { protectedParameters } from "../../../core/exchange/authorization.js";
import { arrows, type Effect, type Event, type State, transition } from "../../../core/exchange/machine.js";
import type { ExchangeConfig, Transaction } from "../../../core/exchange/types.js";
import { runs } from "../../support/runs.js";

const ISSUER = "https://op.example";
const config: ExchangeConfig = {
  issuer: ISSUER,
  clientId: "client",
  scope: "openid profile",
  responseMode: "query",
  userinfo: false,
  clockTolerance: 30,
};
const NOW = 1_750_000_000_000;

const request = (tab: number, now = NOW): Extract<Event, { name: "login_requested" }> => ({
  name: "login_requested",
  startedAt: now,
  state: `state-${tab}`,
  nonce: `nonce-${tab}`,
  codeVerifier: `verifier-${tab}`,
  codeChallenge: `challenge-${tab}`,
  redirectUri: "https://app.example/auth/callback",
  returnTo: `/page-${tab}`,
  issuer: ISSUER,
  issRequired: true,
  parameters: {},
});

const callback = (parameters: Record<string, string> | string[][], now = NOW): Event => ({
  name: "callback_received",
  now,
  parameters: new URLSearchParams(parameters as Record<string, string>),
});

/** The state of a sign-in that waits for its callback. */
function awaiting(change: Partial<Transaction> = {}): Extract<State, { name: "awaiting_callback" }> {
  const [state] = transition(config, { name: "idle" }, request(1));
  const { transaction } = state as Extract<State, { name: "requesting_authorization" }>;
  return { name: "awaiting_callback", transaction: { ...transaction, ...change } };
}

const valid = { state: "state-1", code: "code", iss: ISSUER };
/** The state after a failure with this code. */
const failed = (code: string) => ({ name: "failed", error: expect.objectContaining({ code }) });
const names = (effects: readonly Effect[]) => effects.map(({ name }) => name);

describe("starting a sign-in", () => {
  test("requests a code with PKCE, state and nonce, and stores a transaction, which the callback is checked against", () => {
    const [state, effects] = transition(config, { name: "idle" }, request(1));
    expect(state.name).toBe("requesting_authorization");
    expect(names(effects)).toEqual(["store_transaction", "build_authorization_url"]);
    expect(effects[1]).toMatchObject({
      parameters: {
        response_type: "code",
        client_id: "client",
        redirect_uri: "https://app.example/auth/callback",
        scope: "openid profile",
        state: "state-1",
        nonce: "nonce-1",
        code_challenge: "challenge-1",
        code_challenge_method: "S256",
      },
    });
    expect(JSON.stringify(effects[1])).not.toContain("verifier");
  });

  test("gives the URL to send the browser to, and then waits for the callback", () => {
    const { transaction } = awaiting();
    const url = "https://op.example/authorize?x";
    const [state, effects] = transition(
      config,
      { name: "requesting_authorization", transaction },
      { name: "authorization_url_built", url },
    );
    expect([state, effects]).toEqual([{ name: "awaiting_callback", transaction, url }, []]);
  });

  test("removes the transaction if the provider cannot be reached", () => {
    const { transaction } = awaiting();
    const [state, effects] = transition(
      config,
      { name: "requesting_authorization", transaction },
      { name: "step_failed", error: new ExchangeError("provider_unreachable") },
    );
    expect([state, effects]).toEqual([
      failed("provider_unreachable"),
      [{ name: "clear_transaction", state: "state-1" }],
    ]);
  });

  test("requests the scope of this sign-in instead of the configured one", () => {
    const [, effects] = transition(config, { name: "idle" }, { ...request(1), scope: "openid read" });
    expect(effects[1]).toMatchObject({ parameters: { scope: "openid read" } });
  });

  test.each<[string, Partial<ExchangeConfig>, Partial<ReturnType<typeof request>>, Record<string, string>]>([
    ["the response mode", { responseMode: "form_post" }, {}, { response_mode: "form_post" }],
    ["the maximum age", {}, { maxAge: 0 }, { max_age: "0" }],
    ["the organization", {}, { organization: "org_a" }, { organization: "org_a" }],
  ])("sends %s only if it is set", (_what, change, event, parameters) => {
    const sent = (...args: [ExchangeConfig, ReturnType<typeof request>]) =>
      JSON.parse(JSON.stringify(transition(args[0], { name: "idle" }, args[1])[1][1])).parameters;
    expect(sent({ ...config, ...change }, { ...request(1), ...event })).toMatchObject(parameters);
    expect(Object.keys(sent(config, request(1)))).not.toEqual(expect.arrayContaining(Object.keys(parameters)));
  });

  test("lets no further parameter override one that latchkey sets itself", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.oneof(fc.constantFrom(...protectedParameters), fc.string()), fc.string()),
        (parameters) => {
          const [, effects] = transition(config, { name: "idle" }, { ...request(1), parameters });
          expect(effects[1]).toMatchObject({
            parameters: { state: "state-1", client_id: "client", response_type: "code" },
          });
        },
      ),
      runs(),
    );
  });
});

describe("a callback is refused", () => {
  test.each<[string, Record<string, string> | string[][], number, string]>([
    ["without state", { code: "c", iss: ISSUER }, 0, "state_mismatch"],
    ["with an empty state", { ...valid, state: "" }, 0, "state_mismatch"],
    ["with another state", { ...valid, state: "state-2" }, 0, "state_mismatch"],
    [
      "with two states",
      [
        ["state", "state-1"],
        ["state", "state-1"],
        ["code", "c"],
        ["iss", ISSUER],
      ],
      0,
      "state_mismatch",
    ],
    ["of another issuer", { ...valid, iss: "https://evil.example" }, 0, "issuer_mismatch"],
    ["without the issuer although the provider announces it", { state: "state-1", code: "c" }, 0, "issuer_mismatch"],
    [
      "with two issuers",
      [
        ["state", "state-1"],
        ["iss", ISSUER],
        ["iss", ISSUER],
        ["code", "c"],
      ],
      0,
      "issuer_mismatch",
    ],
    [
      "with an error of another issuer",
      { state: "state-1", error: "access_denied", iss: "https://evil.example" },
      0,
      "issuer_mismatch",
    ],
    ["with access_denied", { state: "state-1", error: "access_denied", iss: ISSUER }, 0, "access_denied"],
    [
      "with an error that says that the user must interact",
      { state: "state-1", error: "login_required", iss: ISSUER },
      0,
      "login_required",
    ],
    ["with any other error", { state: "state-1", error: "server_error", iss: ISSUER }, 0, "authorization_failed"],
    ["with an error and a code", { ...valid, error: "x" }, 0, "authorization_failed"],
    ["with neither code nor error", { state: "state-1", iss: ISSUER }, 0, "invalid_response"],
    [
      "with two codes",
      [
        ["state", "state-1"],
        ["iss", ISSUER],
        ["code", "a"],
        ["code", "b"],
      ],
      0,
      "invalid_response",
    ],
    ["after more than 15 minutes", valid, 901, "transaction_expired"],
    ["from more than 15 minutes in the future", valid, -901, "transaction_expired"],
  ])("%s", (_what, parameters, seconds, code) => {
    const [state, effects] = transition(config, awaiting(), callback(parameters, NOW + seconds * 1000));
    expect(state).toEqual(failed(code));
    // A refused callback also uses up the transaction (S25).
    expect(effects).toEqual([{ name: "clear_transaction", state: "state-1" }]);
  });

  test("with an error that repeats other parameters: the error and its message have none of their values", () => {
    const sent = { state: "state-1", iss: ISSUER, code: "secret-code", session_state: "secret-code.salt", hd: "a" };
    const repeated = Object.values(sent).join(" ");
    const error_description = `no: ${repeated} ${encodeURIComponent(ISSUER)} state-1`;
    const state = transition(config, awaiting(), callback({ ...sent, error: "x", error_description }))[0];
    const { error } = state as Extract<State, { name: "failed" }>;
    expect(error.cause).toEqual({ error: "x", description: "no: state-1 *** *** *** a *** state-1" });
    // A state has 43 characters, and this one too few to be a secret.
    const long = "s".repeat(43);
    const [failure] = transition(
      config,
      awaiting({ state: long }),
      callback({ state: long, iss: ISSUER, error: `e_${long}`, error_description: `${long}${long} it is` }),
    );
    expect((failure as Extract<State, { name: "failed" }>).error.message).toBe(
      "latchkey: authorization failed: error e_***, description ****** it is",
    );
  });

  test("if its sign-in was at an issuer that is not the configured one: the code and the verifier are not sent", () => {
    const other = "https://other.example";
    for (const change of [{ issuer: other }, { issuer: other, issRequired: false }]) {
      for (const parameters of [{ ...valid, iss: other }, valid, { state: "state-1", code: "code" }]) {
        const [state, effects] = transition(config, awaiting(change), callback(parameters));
        expect([state, names(effects)]).toEqual([failed("issuer_mismatch"), ["clear_transaction"]]);
      }
    }
  });

  test("if no transaction has its state", () => {
    expect(transition(config, { name: "idle" }, callback(valid))).toEqual([failed("no_transaction"), []]);
  });
});

test("a code is redeemed with the verifier, the redirect URI and the audience of its own sign-in", () => {
  const [state, effects] = transition(config, awaiting({ audience: "https://api.example" }), callback(valid));
  expect(state.name).toBe("redeeming_code");
  expect(effects).toEqual([
    { name: "clear_transaction", state: "state-1" },
    {
      name: "redeem_code",
      code: "code",
      codeVerifier: "verifier-1",
      redirectUri: "https://app.example/auth/callback",
      audience: "https://api.example",
    },
  ]);
});

test("RFC 6749 5.1: tokens without a scope have the requested scope", () => {
  const scopeOf = (change: Partial<Transaction>, scope?: string) => {
    const tokens = { accessToken: "at", idToken: "id", requestedAt: NOW, ...(scope && { scope }) };
    const { transaction } = awaiting(change);
    const [state] = transition(config, { name: "redeeming_code", transaction }, { name: "tokens_received", tokens });
    return (state as Extract<State, { name: "verifying_id_token" }>).tokens.scope;
  };
  expect([scopeOf({}), scopeOf({ scope: "openid read" }), scopeOf({}, "openid")]).toEqual([
    "openid profile",
    "openid read",
    "openid",
  ]);
});

describe("userinfo", () => {
  const withUserinfo = { ...config, userinfo: true };
  const tokens = { accessToken: "at", requestedAt: NOW, idToken: "id" };
  const claims = { iss: ISSUER, sub: "alice", nonce: "nonce-1" };
  const { transaction } = awaiting();

  test("is fetched for the user of the verified ID Token, before the session is established", () => {
    const from: State = { name: "verifying_id_token", transaction, tokens };
    const [state, effects] = transition(withUserinfo, from, { name: "id_token_verified", now: NOW, claims });
    expect(state).toEqual({ name: "fetching_userinfo", transaction, tokens, claims });
    expect(effects).toEqual([{ name: "fetch_userinfo", accessToken: "at", subject: "alice" }]);
  });

  test("becomes a part of the session", () => {
    const userinfo = { sub: "alice", email: "alice@example.org" };
    const from: State = { name: "fetching_userinfo", transaction, tokens, claims };
    const [state, effects] = transition(withUserinfo, from, { name: "userinfo_received", userinfo });
    const authentication = { transaction, tokens, claims, userinfo };
    expect(state).toEqual({ name: "authenticated", returnTo: "/page-1", ...authentication });
    expect(effects).toEqual([{ name: "establish_session", ...authentication }]);
  });
});

describe("an ID Token", () => {
  const verified = (claims: Record<string, unknown>, change: Partial<Transaction> = {}) => {
    const { transaction } = awaiting(change);
    const state: State = {
      name: "verifying_id_token",
      transaction,
      tokens: { accessToken: "at", requestedAt: NOW, idToken: "id" },
    };
    const all = { iss: ISSUER, sub: "alice", nonce: "nonce-1", ...claims };
    return transition(config, state, { name: "id_token_verified", now: NOW, claims: all });
  };
  const seconds = NOW / 1000;

  test.each<[string, Record<string, unknown>, Partial<Transaction>, string]>([
    ["of another sign-in", { nonce: "nonce-2" }, {}, "nonce_mismatch"],
    ["without nonce", { nonce: undefined }, {}, "nonce_mismatch"],
    ["of another issuer", { iss: "https://evil.example" }, {}, "id_token_invalid"],
    ["of an old authentication", { auth_time: seconds - 100 }, { maxAge: 60 }, "authentication_too_old"],
    ["without the time of authentication", {}, { maxAge: 60 }, "authentication_too_old"],
    [
      "of an old authentication, when a new one was requested",
      { auth_time: seconds - 31 },
      { maxAge: 0 },
      "authentication_too_old",
    ],
    ["of another organization", { org_id: "org_b" }, { organization: "org_a" }, "organization_mismatch"],
    ["of no organization", {}, { organization: "acme" }, "organization_mismatch"],
    ["of a user other than the one who must sign in", { sub: "bob" }, { subject: "alice" }, "login_required"],
  ])("%s is refused", (_what, claims, change, code) => {
    expect(verified(claims, change)).toEqual([failed(code), []]);
  });

  test.each<[string, Record<string, unknown>, Partial<Transaction>]>([
    ["of this sign-in", {}, {}],
    ["of a recent authentication, with 30 s of difference between clocks", { auth_time: seconds - 89 }, { maxAge: 60 }],
    ["of the user who must sign in", {}, { subject: "alice" }],
    ["of the organization, by id", { org_id: "org_a" }, { organization: "org_a" }],
    ["of the organization, by name in any case", { org_name: "acme" }, { organization: "ACME" }],
  ])("%s is accepted", (_what, claims, change) => {
    const [state, effects] = verified(claims, change);
    expect(state).toMatchObject({ name: "authenticated", returnTo: "/page-1", claims });
    expect(names(effects)).toEqual(["establish_session"]);
  });

  test("is required", () => {
    const { transaction } = awaiting();
    const [state] = transition(
      config,
      { name: "redeeming_code", transaction },
      { name: "tokens_received", tokens: { accessToken: "at", requestedAt: NOW } },
    );
    expect(state).toEqual(failed("id_token_invalid"));
  });
});

describe("the table", () => {
  const states = [
    "idle",
    "requesting_authorization",
    "awaiting_callback",
    "redeeming_code",
    "verifying_id_token",
    "fetching_userinfo",
    "authenticated",
    "failed",
  ] as const;
  const events = [
    "login_requested",
    "authorization_url_built",
    "callback_received",
    "tokens_received",
    "id_token_verified",
    "userinfo_received",
    "step_failed",
  ] as const;

  test.each(states.flatMap((state) => events.map((event) => [state, event] as const)))("%s on %s", (state, event) => {
    const row: Readonly<Record<string, readonly string[]>> = state === "failed" ? {} : arrows[state];
    const targets = row[event];
    if (targets) expect(states).toEqual(expect.arrayContaining([...targets]));
    else expect(() => transition(config, { name: state } as State, { name: event } as Event)).toThrow(TypeError);
  });
});

/** A browser with several tabs, a provider and an attacker, who call the machine as the interpreter does. */
describe("model: sign-ins and callbacks in any order", () => {
  interface Model {
    /** Transactions in the browser, by state. */
    readonly cookies: Map<string, Transaction>;
    /** Codes that the provider issued, with the challenge and nonce of their requests. */
    readonly codes: Map<string, { challenge: string; nonce: string }>;
    readonly used: Set<string>;
    sessions: number;
    tabs: number;
  }

  const step = fc.oneof(
    fc.record({ do: fc.constant("login" as const) }),
    fc.record({
      do: fc.constant("callback" as const),
      /** The numbers of the sign-ins whose state and code the callback carries. */
      state: fc.nat({ max: 5 }),
      code: fc.nat({ max: 5 }),
      iss: fc.boolean(),
      error: fc.boolean(),
      delay: fc.integer({ min: 0, max: 1200 }),
      nonce: fc.nat({ max: 5 }),
    }),
  );

  test("a session needs matching state, nonce and verifier; a transaction is used once; every callback clears it", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const model: Model = { cookies: new Map(), codes: new Map(), used: new Set(), sessions: 0, tabs: 0 };
        let now = NOW;
        for (const action of steps) {
          if (action.do === "login") {
            const tab = model.tabs++;
            const [, effects] = transition(config, { name: "idle" }, request(tab, now));
            for (const effect of effects) {
              if (effect.name === "store_transaction") model.cookies.set(effect.transaction.state, effect.transaction);
              if (effect.name !== "build_authorization_url") continue;
              const { code_challenge: challenge = "", nonce = "" } = effect.parameters as Record<string, string>;
              model.codes.set(`code-${tab}`, { challenge, nonce });
            }
            continue;
          }
          now += action.delay * 1000;
          const state = `state-${action.state}`;
          const transaction = model.cookies.get(state);
          const response: Record<string, string> = action.error
            ? { error: "access_denied" }
            : { code: `code-${action.code}` };
          const parameters = { state, ...response, ...(action.iss ? { iss: ISSUER } : {}) };
          const from: State = transaction ? { name: "awaiting_callback", transaction } : { name: "idle" };
          let [at, effects] = transition(config, from, callback(parameters, now));
          const fresh = transaction !== undefined && now - transaction.startedAt <= 900_000;
          // Every callback uses up its transaction.
          expect(names(effects).includes("clear_transaction")).toBe(transaction !== undefined);
          if (transaction) model.cookies.delete(state);
          const redeem = effects.find(({ name }) => name === "redeem_code") as
            | Extract<Effect, { name: "redeem_code" }>
            | undefined;
          expect(redeem !== undefined).toBe(fresh && action.iss && !action.error);
          if (!redeem) {
            expect(at.name).toBe("failed");
            continue;
          }
          // The provider accepts a code once, with the verifier that belongs to its challenge.
          const { code } = redeem;
          const grant = model.codes.get(code);
          const accepted = grant && !model.used.has(code) && redeem.codeVerifier.slice(9) === grant.challenge.slice(10);
          if (!accepted) {
            [at, effects] = transition(config, at, { name: "step_failed", error: new ExchangeError("code_rejected") });
            expect([at.name, effects]).toEqual(["failed", []]);
            continue;
          }
          model.used.add(code);
          [at, effects] = transition(config, at, {
            name: "tokens_received",
            tokens: { accessToken: "at", requestedAt: NOW, idToken: "id" },
          });
          expect(names(effects)).toEqual(["verify_id_token"]);
          const nonce = `nonce-${action.nonce}`;
          [at, effects] = transition(config, at, {
            name: "id_token_verified",
            now,
            claims: { iss: ISSUER, sub: "alice", nonce },
          });
          const begun = names(effects).includes("establish_session");
          expect(begun).toBe(nonce === transaction?.nonce);
          if (begun) model.sessions++;
        }
        expect(model.sessions).toBeLessThanOrEqual(model.tabs);
      }),
      runs(),
    );
  });
});
