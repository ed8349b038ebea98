import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createWorld, issuerOf, ORIGIN } from "./fakes.js";

const NAMES = ["work", "code"];
const create = (names: readonly string[] = NAMES, cookies?: Map<string, string>) => createWorld({}, names, cookies);

describe("the routes of several providers", () => {
  test("are those of each name, and the login route of the app shows the choices", async () => {
    const world = create();
    const { headers } = await world.visit("/auth/login/code");
    expect(String(headers["location"])).toMatch(`${issuerOf("code")}/authorize?`);
    const page = await world.visit("/auth/login?returnTo=%2F%22%3E%3Cscript%3E&ui_locales=de&evil=%22%3E");
    expect(page.status).toBe(200);
    expect(page.body).not.toContain("<script>");
    expect(page.body).toContain(
      'href="https://app.example/auth/login/work?returnTo=%2F%22%3E%3Cscript%3E&#38;ui_locales=de',
    );
    expect(page.writer.lines).toEqual([]);
  });

  test("take the configured parameters of the query alone, also after the page of choices", async () => {
    const { headers } = await create().visit("/auth/login/work?ui_locales=de&prompt=none&client_id=evil");
    const { searchParams } = new URL(String(headers["location"]));
    expect(["ui_locales", "prompt", "client_id"].map((name) => searchParams.get(name))).toEqual(["de", null, "client"]);
  });

  test.each(["__proto__", "constructor", "hasOwnProperty", "", "work/", "Work", "w%6Frk", "%77ork", "other"])(
    "%j is the name of none",
    async (name) => {
      for (const route of ["login", "callback"]) {
        const { auth } = await create().open(`/auth/${route}/${name}`);
        const isKnown = ["", "work/"].includes(name) && (route === "login" || name === "work/");
        expect(auth.route() === undefined).toBe(!isKnown);
      }
    },
  );

  test("a name of any text is a provider's only if it is the name of one", async () => {
    const world = create(["work", "__proto__", "constructor"]);
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.webSegment(), fc.string()), async (text) => {
        const { auth } = await world.open(`/auth/callback/${text}`);
        // A slash at the end, and a query, are not part of the path that is compared.
        const [path = ""] = text.split(/[?#]/, 1);
        const isName = ["work", "__proto__", "constructor"].includes(path.replace(/\/$/, ""));
        expect(auth.route() !== undefined).toBe(isName);
      }),
    );
  });

  test("a prefetch and a script get no page of choices", async () => {
    const world = create();
    expect((await world.visit("/auth/login", { headers: { "sec-fetch-mode": "cors" } })).status).toBe(403);
    expect((await world.visit("/auth/login", { method: "POST" })).status).toBe(405);
  });
});

describe("the login of the app's code", () => {
  test("names a provider, or leads to the choices", async () => {
    const world = create();
    const named = await (await world.open("/x")).auth.login({ provider: "code" });
    expect(String(named.headers["location"])).toMatch(issuerOf("code"));
    const unnamed = await (await world.open("/x?page=2")).auth.login();
    expect(unnamed.headers["location"]).toBe(`${ORIGIN}/auth/login?returnTo=%2Fx%3Fpage%3D2`);
  });

  test.each([{ provider: "constructor" }, { provider: "wrok" }, { appState: 1 }, { prompt: "login" }])(
    "is misused with %j",
    async (options) => {
      const { auth } = await create().open("/x");
      await expect(auth.login(options)).rejects.toMatchObject({ code: "invalid_config" });
    },
  );

  test("of an app with one provider takes no name", async () => {
    const { auth } = await createWorld().open("/x");
    await expect(auth.login({ provider: "work" })).rejects.toMatchObject({ code: "invalid_config" });
  });
});

describe("mix-up (RFC 9700 4.4)", () => {
  test.each([
    ["of its provider", issuerOf("work")],
    ["of the other", issuerOf("code")],
  ])(
    "a sign-in is refused at the callback of another provider, with the iss %s, and its code is sent nowhere",
    async (_whose, iss) => {
      const world = create();
      const callback = new URL(await world.begin("/auth/login/work"), ORIGIN);
      callback.searchParams.set("iss", iss);
      const reply = await world.visit(`/auth/callback/code${callback.search}`);
      expect([reply.status, world.received]).toEqual([400, []]);
      expect(world.events.at(-1)).toMatchObject({ type: "failed", code: "issuer_mismatch", provider: "code" });
      // Used up.
      expect((await world.visit(callback.pathname + callback.search)).status).toBe(400);
      expect(world.received).toEqual([]);
    },
  );

  test("of two providers with one issuer and client, a callback still belongs to one", async () => {
    const world = createWorld({ provider: oneProvider }, NAMES);
    const callback = new URL(await world.begin("/auth/login/work"), ORIGIN);
    const reply = await world.visit(`/auth/callback/code${callback.search}`);
    expect([reply.status, world.received]).toEqual([400, []]);
  });
});

const oneProvider = {
  issuer: issuerOf(),
  clientId: "client",
  clientAuthentication: "none" as const,
  idTokenSigningAlg: "RS256",
  httpTimeout: 5,
  clockTolerance: 30,
};

describe("the session of one of several providers", () => {
  test("says the provider, and so do the events and the argument of onSignIn", async () => {
    const names: unknown[] = [];
    const onSignIn = ({ provider }: { provider?: string | undefined }) => void names.push(provider);
    const world = createWorld({ onSignIn }, NAMES);
    await world.signIn("/auth/login/code");
    const { auth } = await world.open("/");
    expect(auth.session).toMatchObject({ provider: "code", user: { sub: "alice" } });
    expect(names).toEqual(["code"]);
    expect(world.events.find(({ type }) => type === "signed_in")).toMatchObject({ provider: "code" });
  });

  test("has no member for it where the app has one provider", async () => {
    const world = createWorld();
    await world.signIn();
    const { auth } = await world.open("/");
    expect(Object.keys(auth.session ?? {})).not.toContain("provider");
    expect(world.events.every((event) => !("provider" in event))).toBe(true);
  });

  test("keeps its provider through an update, a refresh and an activity stamp", async () => {
    const world = create();
    await world.signIn("/auth/login/code");
    world.clock.now += 595_000;
    const request = await world.open("/");
    await request.auth.update({ cart: ["book"] });
    expect(await request.auth.getAccessToken()).toBe("at2");
    world.store(request.writer);
    expect((await world.open("/")).auth.session).toMatchObject({ provider: "code", data: { cart: ["book"] } });
    expect(world.received).toEqual([
      ["code", "code", "code"],
      ["code", "refresh token", "rt"],
    ]);
  });

  test("signs out at its provider, and its refresh token is revoked there", async () => {
    const world = create();
    await world.signIn("/auth/login/code");
    const { headers } = await world.visit("/auth/logout", { method: "POST" });
    expect(String(headers["location"])).toMatch(`${issuerOf("code")}/logout`);
    expect(world.received.at(-1)).toEqual(["code", "revoked", "rt"]);
    expect(world.events.find(({ type }) => type === "signed_out")).toMatchObject({ provider: "code" });
  });

  test("does not pass its data on to a user with the same subject at another provider", async () => {
    const world = create();
    await world.signIn("/auth/login/work");
    const request = await world.open("/");
    await request.auth.update({ cart: ["book"] });
    world.store(request.writer);
    await world.signIn("/auth/login/work");
    expect((await world.open("/")).auth.session?.data).toEqual({ cart: ["book"] });
    await world.signIn("/auth/login/code");
    expect((await world.open("/")).auth.session).toMatchObject({ provider: "code", data: {} });
  });
});

describe("when the providers of an app change, a session", () => {
  /** The cookies of a user who signed in with `work`. */
  async function signedIn() {
    const world = create();
    await world.signIn("/auth/login/work");
    return world.cookies;
  }

  test.each([[["work"]], [["code", "work"]], [["more", "work", "code"]]])(
    "opens while its own is among %j",
    async (names) => {
      const { auth } = await create(names, await signedIn()).open("/");
      expect(auth.session?.provider).toBe("work");
    },
  );

  test("is over once its provider is gone or has another name: with a reason, and no error", async () => {
    const world = create(["code"], await signedIn());
    const { auth, context } = await world.open("/");
    expect([auth.session, auth.reason]).toEqual([null, "unknown_provider"]);
    expect(world.events.at(-1)).toMatchObject({ type: "session_refused", reason: "unknown_provider" });
    await expect(auth.getAccessToken()).rejects.toMatchObject({ code: "no_session" });
    expect(context.atSession()).toBeUndefined();
    const out = await world.visit("/auth/logout", { method: "POST" });
    expect([out.status, out.headers["location"], world.received]).toEqual([303, `${ORIGIN}/`, []]);
    expect((await world.open("/")).auth.reason).toBeUndefined();
  });

  test("is over if the provider of this name has another client now, whose endpoints must not get its tokens", async () => {
    const world = createWorld(
      { provider: { ...oneProvider, issuer: issuerOf("work"), clientId: "another" } },
      NAMES,
      await signedIn(),
    );
    expect((await world.open("/")).auth.reason).toBe("unknown_provider");
    await world.signIn("/auth/login/work");
    expect((await world.open("/")).auth.session?.provider).toBe("work");
  });
});
