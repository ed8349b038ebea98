import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** A user's folder, in which the packed package and its dependencies are installed. */
let folder: string;
let installed: string;
let manifest: {
  version: string;
  exports: object;
  imports: object;
  bin: { latchkey: string };
  types: string;
  main: string;
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "latchkey-package-"));
  const [{ filename }] = JSON.parse(
    execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], {
      cwd: root,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }),
  ) as [{ filename: string }];
  installed = join(folder, "node_modules/latchkey");
  mkdirSync(installed, { recursive: true });
  execFileSync("tar", ["-xzf", join(folder, filename), "--strip-components=1", "-C", installed]);
  manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  for (const scope of ["@panva", "@types"]) mkdirSync(join(folder, "node_modules", scope));
  for (const name of [
    "@panva/hkdf",
    "jose",
    "express",
    "next",
    "react",
    "@types/express",
    "@types/express-serve-static-core",
    "@types/node",
    "@types/react",
    "csstype",
  ])
    symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a program in the user's folder. */
function run(file: string, code: string, ...args: string[]): string {
  writeFileSync(join(folder, file), code);
  return execFileSync(process.execPath, [file, ...args], { cwd: folder, encoding: "utf8" });
}

/** All text in an object, however deep. */
const textsIn = (value: unknown): string[] =>
  typeof value === "string" ? [value] : value instanceof Object ? Object.values(value).flatMap(textsIn) : [];

describe("the published package", () => {
  test("has the build and the documents, and nothing else", () => {
    expect(readdirSync(installed).sort()).toEqual([
      "CHANGELOG.md",
      "LICENSE",
      "README.md",
      "SECURITY.md",
      "THIRD-PARTY-LICENSES",
      "dist",
      "package.json",
    ]);
  });

  test("has every file that its package.json names", () => {
    const named = [manifest.exports, manifest.imports, manifest.bin, manifest.types, manifest.main].flatMap(textsIn);
    expect(named.length).toBeGreaterThan(15);
    expect(named.filter((path) => !existsSync(join(installed, path)))).toEqual([]);
  });

  test("has the licences of the packages whose code is in the files for require", () => {
    const dist = join(installed, "dist");
    const bundled = readdirSync(dist)
      .filter((name) => name.endsWith(".cjs"))
      .flatMap((name) => [
        ...readFileSync(join(dist, name), "utf8").matchAll(/^\/\/ node_modules\/((?:@[^/]+\/)?[^/]+)\//gm),
      ])
      .map((match) => match[1]);
    expect([...new Set(bundled)]).toEqual(["jose"]);
    const notices = readFileSync(join(installed, "THIRD-PARTY-LICENSES"), "utf8");
    expect(notices).toContain(readFileSync(join(root, "node_modules/jose/LICENSE.md"), "utf8"));
  });

  test("imports only declared dependencies", () => {
    const dist = join(installed, "dist");
    const imported = readdirSync(dist, { recursive: true, encoding: "utf8" })
      .filter((name) => /\.c?js$/.test(name))
      // Parsed: the command has the files of apps, with their imports, as texts.
      .flatMap((name) => ts.preProcessFile(readFileSync(join(dist, name), "utf8"), true, true).importedFiles)
      .map(({ fileName }) => fileName);
    const strangers = imported.filter(
      (name) => !/^(\.|#(aead|bytes)$|node:|jose(\/|$)|@panva\/hkdf$|express$|next\/|react$)/.test(name),
    );
    expect(imported).toContain("@panva/hkdf");
    expect([...new Set(strangers)]).toEqual([]);
  });

  test("prints new secrets that are long enough for its configuration", () => {
    const secrets = [1, 2].map(() =>
      execFileSync(process.execPath, [join(installed, manifest.bin.latchkey), "secret"], { encoding: "utf8" }).trim(),
    );
    expect(new Set(secrets).size).toBe(2);
    for (const secret of secrets) expect(secret).toMatch(/^[\w-]{43,}$/);
  });
});

test("the command is whole: it prints its help, its version, and the tables of a store", () => {
  const command = (...args: string[]) =>
    spawnSync(process.execPath, [join(installed, manifest.bin.latchkey), ...args], { encoding: "utf8" });
  expect(command().stdout).toContain("usage: latchkey <command>");
  expect(command("--version").stdout.trim()).toBe(manifest.version);
  expect(command("schema", "postgres").stdout).toContain("CREATE TABLE IF NOT EXISTS latchkey_values (");
  expect(command("schema", "mysql").status).toBe(2);
});

const body = `
  const sealer = createSealer({ secret: "a secret of at least thirty-two characters", purpose: "test" });
  const now = 1750000000000;
  const main = async ([, , sealed]) => {
    if (sealed) return console.log(JSON.stringify(await sealer.open(sealed, now)));
    const provider = await createTestProvider();
    const kinds = [auth, requireSession, auth0, createSessions, getAuth, createAuth, initAuth0, createClient, AuthProvider, Auth0Provider,
      SessionProvider, useSession, withAuth, withLoginRequired, redisStore, upstashStore, postgresStore, durableObjectStore,
      LatchkeyStore, denoKvStore, checkSetup, checkStore].map((value) => typeof value);
    if (kinds.some((kind) => kind !== "function")) throw new Error(kinds.join());
    const options = { issuer: provider.issuer, clientId: "a", clientSecret: "b", secret: "c".repeat(32), baseUrl: "http://localhost" };
    auth(options);
    const { status } = await createAuth(options).handler(new Request("http://localhost/auth/me"));
    if (status !== 200) throw new Error(String(status));
    const fresh = await sealer.seal({ said: "hello" }, now);
    if (typeof sealer.seal("at once", now) !== "string") throw new Error("not the engine of Node");
    console.log(fresh);
  };
  main(process.argv);
`;
const names = {
  latchkey: "createSealer, createSessions",
  "latchkey/express": "auth, auth0, requireSession",
  "latchkey/node": "getAuth",
  "latchkey/edge": "createAuth",
  "latchkey/next": "initAuth0",
  "latchkey/browser": "createClient",
  "latchkey/react": "AuthProvider, Auth0Provider, SessionProvider, useSession, withAuth, withLoginRequired",
  "latchkey/providers": "entra, google, hs256IdTokens",
  "latchkey/redis": "redisStore, upstashStore",
  "latchkey/postgres": "postgresStore",
  "latchkey/durable-objects": "durableObjectStore, LatchkeyStore",
  "latchkey/deno-kv": "denoKvStore",
  "latchkey/check": "checkSetup",
  "latchkey/testing": "createTestProvider, checkStore",
};
const programs = {
  "program.mjs": Object.entries(names).map(([from, which]) => `import { ${which} } from "${from}";`),
  "program.cjs": Object.entries(names).map(([from, which]) => `const { ${which} } = require("${from}");`),
};

describe("a user's program", () => {
  test("imports or requires every entry, and each opens what the other sealed", () => {
    const sealed = Object.entries(programs).map(([file, imports]) => run(file, imports.join("\n") + body).trim());
    const opened = Object.entries(programs).flatMap(([file, imports]) =>
      sealed.map((text) => JSON.parse(run(file, imports.join("\n") + body, text))),
    );
    expect(opened).toEqual(Array(4).fill({ ok: true, payload: { said: "hello" }, stale: false }));
  });

  /** Programs of test/users. */
  const users = (...files: string[]) =>
    Object.fromEntries(files.map((file) => [file, readFileSync(join(root, `test/users/${file}.ts`), "utf8")]));

  test("recognises an error of one entry by the class of any other, whether imported or required", () => {
    const program = `
      import { createRequire } from "node:module";
      const require = createRequire(import.meta.url);
      const names = ["latchkey", ...["express", "node", "edge", "next", "browser", "react", "providers", "redis", "postgres",
        "durable-objects", "deno-kv", "check", "testing"].map((name) => "latchkey/" + name)];
      const copies = {};
      for (const name of names) {
        copies["import " + name] = await import(name);
        copies["require " + name] = require(name);
      }
      const classes = ["LatchkeyError", "MisuseError", "ExchangeError", "CookieTooLargeError", "SessionError", "AccessTokenError"];
      const make = {
        MisuseError: (Made) => new Made("invalid_config", "x"),
        ExchangeError: (Made) => new Made("grant_ended"),
        CookieTooLargeError: (Made) => new Made(2, 1, []),
        SessionError: (Made) => new Made(500),
        AccessTokenError: (Made) => new Made("invalid_session"),
      };
      const wrong = [];
      const tested = {};
      for (const [from, made] of Object.entries(copies))
        for (const name of Object.keys(make).filter((each) => made[each])) {
          const error = make[name](made[name]);
          for (const [by, known] of Object.entries(copies))
            for (const other of classes.filter((each) => known[each])) {
              const expected = other === name || other === "LatchkeyError";
              if (error instanceof known[other] !== expected) wrong.push([from, name, by, other].join(" "));
              tested[name] = (tested[name] ?? 0) + 1;
            }
        }
      const several = copies["import latchkey"].MisuseError !== copies["require latchkey/express"].MisuseError;
      console.log(JSON.stringify({ wrong, tested: Object.keys(tested), several }));
    `;
    expect(JSON.parse(run("errors.mjs", program))).toEqual({
      wrong: [],
      tested: ["MisuseError", "ExchangeError", "CookieTooLargeError", "AccessTokenError", "SessionError"],
      several: true,
    });
  });

  test("gives a store of one entry to any other, whether imported or required", () => {
    const program = `
      import { createRequire } from "node:module";
      import * as imported from "latchkey";
      import { upstashStore } from "latchkey/redis";
      import { createAuth } from "latchkey/edge";
      const require = createRequire(import.meta.url);
      const options = { issuer: "https://op.example", clientId: "a", clientSecret: "b", secret: "c".repeat(32), baseUrl: "http://localhost" };
      const stores = [imported.createMemoryStore(), require("latchkey").createMemoryStore(), upstashStore({ url: "https://x.example", token: "y" })];
      const makers = [createAuth, require("latchkey/edge").createAuth, require("latchkey/express").auth];
      for (const make of makers) for (const store of stores) make({ ...options, store, session: { storage: "store" } });
      console.log(stores.length * makers.length);
    `;
    expect(run("stores.mjs", program)).toBe("9\n");
  });

  /** The compiler's errors for programs, as modules and as scripts that require, because each kind has its own declarations. */
  function compilerErrors(codes: Record<string, string>, resolution: string, ...flags: string[]): string {
    const files = Object.entries(codes).flatMap(([name, code]) =>
      ["mts", "cts"].map((kind) => {
        writeFileSync(join(folder, `${name}.${kind}`), code);
        return `${name}.${kind}`;
      }),
    );
    const kind = ["--module", resolution === "bundler" ? "esnext" : "nodenext", "--moduleResolution", resolution];
    const all = "--strict --noEmit --target es2022 --types node".split(" ").concat(kind, flags, files);
    try {
      const tsc = join(root, "node_modules/typescript/bin/tsc");
      return execFileSync(process.execPath, [tsc, ...all], { cwd: folder, encoding: "utf8" });
    } catch (error) {
      const { stdout } = error as { stdout: string };
      if (stdout) return stdout;
      throw error;
    }
  }

  test.each(["nodenext", "bundler"])("of Next is checked against the types: %s", (resolution) => {
    const code = `import { createAuth, type Auth, initAuth0, type ProxyHandler, type AuthSession } from "latchkey/next";
      import type { GetServerSideProps, NextApiRequest, NextApiResponse } from "next";
      import type { NextRequest } from "next/server.js";
      interface Data { cart: string[] }
      const auth: Auth<Data> = createAuth<Data>({ mount: "/api/auth" });
      export const { GET, POST } = auth.handlers;
      export const proxy: (request: NextRequest) => Promise<Response> = auth.proxy;
      const own: ProxyHandler<Data> = (request, { session, requireSession }) =>
        session ? undefined : (requireSession() ?? new Response(request.nextUrl.pathname));
      export const middleware = auth.withProxy(own);
      export const read = async (): Promise<AuthSession<Data> | null> => auth.getSession();
      export const page = async (): Promise<string[]> => (await auth.requireSession({ returnTo: "/" })).data.cart;
      export const route = auth.requireSession((request, { session }, context: { params: Promise<{ id: string }> }) =>
        Response.json([session?.user.sub, request.url, context.params]));
      export const api = async (req: NextApiRequest, res: NextApiResponse) => {
        const session = await auth.getSession(req, res);
        await auth.update(req, res, { cart: [] });
        const token: string = await auth.getAccessToken(req, res, { refresh: true });
        const { fetch, login } = await auth.forRequest(req, res);
        res.json({ session, token, status: (await fetch("https://api.example")).status });
        return login({ appState: 1 });
      };
      export const getServerSideProps: GetServerSideProps =
        auth.requireSessionPage(async (context, session) => ({ props: { sub: session.user.sub, url: context.resolvedUrl } }));
      export const guarded = auth.requireSessionApi((req, res) => res.json(req.query));
      export const actions = [() => auth.login({ returnTo: "/" }), () => auth.logout(), () => auth.update({ cart: [] })];
      const seed = initAuth0({ domain: "", clientId: "", clientSecret: "", redirectUri: "", postLogoutRedirectUri: "",
        session: { cookieSecret: "" } });
      export const me = (req: NextApiRequest, res: NextApiResponse) => seed.handleProfile(req, res, { refetch: true });
      export const who = async (req: NextApiRequest): Promise<string | undefined> => (await seed.getSession(req))?.user.name;
      // @ts-expect-error: the cart holds text
      export const wrong = () => auth.update({ cart: [1] });`;
    // Next's own declarations are not complete under every setting.
    expect(compilerErrors({ next: code, ...users("register", "clash") }, resolution, "--skipLibCheck")).toBe("");
  });

  test.each(["nodenext", "bundler"])(
    "is checked against the types, including latchkey's declarations: %s",
    (resolution) => {
      const react = `import { createElement, type ReactElement } from "react";
      import { createClient, type Client } from "latchkey/browser";
      import { AuthProvider, Auth0Provider, SessionProvider, useAuth, useSession, withAuth, withLoginRequired,
        type UseAuth, type User } from "latchkey/react";
      const options = { issuer: "x", clientId: "x", redirectUri: "x" };
      const client: Client = createClient(options);
      export function Shows() {
        const { user, error, isLoading, accessToken, login } = useAuth({ audience: "x" });
        const known: User | null = useSession().user ?? user;
        const token: string | null | undefined = accessToken;
        const go = () => login({ appState: { returnTo: { pathname: "/", query: { a: ["b"] } } }, login_hint: "x", maxAge: 1 });
        return createElement("button", { onClick: go }, known?.name, error?.message, token, isLoading);
      }
      export const Profile = withLoginRequired(withAuth(({ auth, title }: { auth: UseAuth; title: string }) =>
        createElement("p", null, title, auth.user?.email)));
      export const App = (): ReactElement[] => [
        createElement(AuthProvider, { ...options, onRedirectCallback: (appState) => console.log(appState?.returnTo) }),
        createElement(AuthProvider, { client, onLoginError: (error) => console.log(error.message) }, createElement(Shows)),
        createElement(Auth0Provider, { domain: "x", clientId: "x", redirectUri: "x", connection: "y" }),
        createElement(SessionProvider, { session: { user: { sub: "x" }, expiresAt: 1 } }, createElement(Profile, { title: "x", path: "/" })),
        createElement(SessionProvider, { session: null }),
      ];
      // @ts-expect-error: no such title
      export const wrong = () => createElement(Profile, { title: 1 });
      // @ts-expect-error: a client needs its options
      export const none = () => createElement(AuthProvider, { clientId: "x" });
      // @ts-expect-error: a name is text
      export const typed = (auth: UseAuth): number => auth.user?.name;`;
      const server = `import { createSessions, type Session } from "latchkey";
      import { createServer } from "node:http";
      import express from "express";
      import { auth, ExchangeError, requireSession } from "latchkey/express";
      import { type Auth, createAuth, type RequestAuth } from "latchkey/edge";
      import { createCookieJar } from "latchkey/testing";
      const sessions = createSessions<{ cart: string[] }>({ secret: "x" });
      export const read = async (cookie: string): Promise<Session<{ cart: string[] }> | null> =>
        (await sessions.load(cookie)).session;
      const app = express();
      app.use(auth({ session: { rollAfter: 60 } }), requireSession());
      app.get("/", async (req, res) => {
        const sub: string | undefined = req.auth.session?.user.sub;
        const token: string = await req.auth.getAccessToken({ audience: "api" }).catch((error: unknown) => {
          if (error instanceof ExchangeError) return error.code;
          throw error;
        });
        res.json({ sub, token, jar: createCookieJar().header("https://app.example/") });
      });
      const signIn = auth();
      createServer((req, res) => signIn(req, res, (error) => res.end(String(error))));
      const edge: Auth<{ cart: string[] }> = createAuth<{ cart: string[] }>({ env: process.env });
      const cart = async ({ session, update }: RequestAuth<{ cart: string[] }>): Promise<string[]> => {
        await update({ cart: [] });
        return session?.data.cart ?? [];
      };
      export default {
        fetch: edge.wrap(async (request: Request, auth, env: { KEY: string }) =>
          request.url.endsWith("/login") ? auth.login() : Response.json([await cart(auth), env.KEY])),
      };
      // @ts-expect-error: the cart holds text
      export const wrong = (request: Request) => edge.update(request, { cart: [1] });`;
      expect(compilerErrors({ react, server, ...users("express", "node") }, resolution)).toBe("");
    },
  );
});
