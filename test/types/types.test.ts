import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const here = fileURLToPath(new URL("./", import.meta.url));
const compilers = Object.keys(
  (JSON.parse(readFileSync(join(here, "package.json"), "utf8")) as { dependencies: object }).dependencies,
);

/** A user's code, and the packages that the user has installed. All exports get their types by inference. */
interface User {
  /** Packages with types in this user's folder. The compiler finds no other. */
  readonly packages?: readonly string[];
  readonly code: string;
}

/** Users whose settings are the same: one compiler run checks them all, each in a folder with packages of its own. */
interface Program {
  readonly lib: readonly string[];
  readonly types: readonly string[];
  /** What the users export has annotations, where a compiler needs them for its declarations. */
  readonly isAnnotated?: boolean;
  readonly users: Readonly<Record<string, User>>;
}

const NODE = ["@types/node", "undici-types"];
const EXPRESS = [
  "@types/express",
  "@types/express-serve-static-core",
  "@types/body-parser",
  "@types/connect",
  "@types/http-errors",
  "@types/qs",
  "@types/range-parser",
  "@types/send",
  "@types/serve-static",
];

const REDIS = [
  "ioredis",
  "@ioredis/commands",
  "redis",
  ...["bloom", "client", "json", "search", "time-series"].map((name) => `@redis/${name}`),
];

const latchkey = `import { createMemoryStore, createSealer, createSessions } from "latchkey";
  export const store = createMemoryStore();
  export const sessions = createSessions<{ cart: string[] }>({ secret: "x", store });
  export const read = async (header: string | null) => (await sessions.load(header)).session?.data.cart;
  export const sealer = createSealer({ secret: "x", purpose: "test" });
  // @ts-expect-error: the purpose is missing
  export const wrong = createSealer({ secret: "x" });`;

const edge = `import { createAuth, verifyAccessToken } from "latchkey/edge";
  export const auth = createAuth<{ cart: string[] }>({ env: {} });
  export const handler = auth.wrap((request, { session }) => new Response(request.url + session?.data.cart));
  export const guarded = auth.requireSession((_request, auth) => auth.logout());
  export const api = verifyAccessToken({ env: {} }).wrap((_request, access) => new Response(access.claims.sub));
  // @ts-expect-error: a session may be null
  export const wrong = auth.wrap((_request, { session }) => new Response(session.user.sub));`;

const browser = `import { createClient } from "latchkey/browser";
  export const client = createClient({ issuer: "x", clientId: "x", redirectUri: "x" });
  export const token = () => client.getAccessToken();
  export const user = client.getUser();
  // @ts-expect-error: the issuer is missing
  export const wrong = createClient({ clientId: "x", redirectUri: "x" });`;

const react = `import { AuthProvider, useAuth, useSession, withAuth, withLoginRequired } from "latchkey/react";
  export const useUser = () => useSession().user;
  export const useToken = () => useAuth().accessToken;
  export const Provider = AuthProvider;
  export const Profile = withLoginRequired(withAuth(() => null));
  // @ts-expect-error: a user may be null
  export const useName = () => useSession().user.name;`;

const testing = `import { createClock, createCookieJar, createTestProvider, mintSession } from "latchkey/testing";
  export const provider = createTestProvider();
  export const clock = createClock();
  export const jar = createCookieJar();
  export const minted = mintSession({ user: { sub: "alice" } });
  // @ts-expect-error: the user has no sub
  export const wrong = mintSession({ user: {} });`;

const upstash = `import { upstashStore } from "latchkey/redis";
  import { createAuth, backchannelLogout } from "latchkey/edge";
  export const store = upstashStore({ url: "x", token: "x", prefix: "app:", timeout: 2 });
  export const auth = createAuth({ env: {}, store, session: { storage: "store" }, backchannelLogout: backchannelLogout() });
  export const sessions = (sub: string) => store.sessionsOf(sub);
  // @ts-expect-error: the token is missing
  export const wrong = upstashStore({ url: "x" });`;

const postgresQueries = `import { postgresSchema, postgresStore } from "latchkey/postgres";
  const client = { query: async (text: string, values: unknown[]) => ({ rows: [{ text, values }] }) };
  export const store = postgresStore(client, { table: "auth.latchkey" });
  export const schema: string = postgresSchema();
  // @ts-expect-error: a client has query
  export const wrong = postgresStore({});`;

const durableObjects = `import { type DurableObjectNamespace, durableObjectStore } from "latchkey/durable-objects";
  export { LatchkeyStore } from "latchkey/durable-objects";
  export const storeOf = (env: { LATCHKEY: DurableObjectNamespace }) => durableObjectStore(env.LATCHKEY, { checkEvery: 5 });
  // @ts-expect-error: not a binding
  export const wrong = durableObjectStore("LATCHKEY");`;

const denoKv = `import { type DenoKv, denoKvStore } from "latchkey/deno-kv";
  export const storeOf = (kv: DenoKv) => denoKvStore(kv, { prefix: "app" });
  // @ts-expect-error: a database that was not opened
  export const wrong = (kv: Promise<DenoKv>) => denoKvStore(kv);`;

const protectedApi = `import { dpop } from "latchkey/dpop";
  import { introspection, protectedResource, stepUp, verifyAccessToken } from "latchkey/edge";
  import { createMemoryStore } from "latchkey";
  const metadata = protectedResource({ resource: "https://api.example/mcp", authorizationServers: ["https://op.example"] });
  export const handle = (request: Request): Response => metadata.handler(request);
  export const api = verifyAccessToken({
    issuers: ["https://op.example", { issuer: "https://other.example", introspection: introspection({ clientId: "api" }) }],
    claims: { roles: ["admin", "billing"], email_verified: true },
    stepUp: stepUp({ maxAge: 60 }),
    dpop: dpop({ baseUrl: "https://api.example", store: createMemoryStore() }),
    resourceMetadata: metadata.url,
  });
  // @ts-expect-error: a claim is no object
  export const wrong = verifyAccessToken({ claims: { roles: { admin: true } } });`;

const ownStore = `import { type Store, type StorePort, createStore } from "latchkey";
  import { checkStore } from "latchkey/testing";
  export const storeOf = (port: StorePort): Store => createStore(port, { timeout: 2 });
  export const check = (port: StorePort) => checkStore(storeOf(port), { another: port });
  // @ts-expect-error: the port lacks functions
  export const wrong = createStore({ get: async () => undefined });`;

const redis = `import { redisStore } from "latchkey/redis";
  import { auth } from "latchkey/node";
  import { Cluster, Redis } from "ioredis";
  import { createClient, createCluster } from "redis";
  export const stores = [redisStore(new Redis()), redisStore(new Cluster([]))];
  export const ofNodeRedis = [redisStore(createClient()), redisStore(createCluster({ rootNodes: [] }))];
  export const middleware = auth({ store: redisStore(new Redis()) });
  // @ts-expect-error: the client is missing
  export const wrong = redisStore({ prefix: "app:" });`;

const postgres = `import { postgresStore } from "latchkey/postgres";
  import { auth } from "latchkey/node";
  import pg from "pg";
  export const middleware = auth({ store: postgresStore(new pg.Pool()) });
  export const ofClient = postgresStore(new pg.Client());`;

const express = `import { auth, requireSession, verifyAccessToken } from "latchkey/express";
  import type { Request } from "express";
  export const middleware = auth({ mount: "/auth" });
  export const guard = requireSession();
  export const ofRole = requireSession({ claims: { roles: "billing" } });
  export const api = verifyAccessToken({ scope: "read:shows" });
  export const token = (req: Request) => req.auth.getAccessToken();
  // @ts-expect-error: the mount is text
  export const wrong = auth({ mount: 1 });`;

const node = `import { type AuthSessionOptions, auth, getSignedInAuth, requireSession, type SignIn } from "latchkey/node";
  import type { IncomingMessage } from "node:http";
  export const session: AuthSessionOptions = { inactivityDuration: 3600 };
  export const middleware = auth({ session, onSignIn: (signIn: SignIn) => ({ data: { from: signIn.claims.iss } }) });
  export const guard = requireSession();
  export const ofRole = requireSession({ claims: { roles: "billing" } });
  export const subject = (req: IncomingMessage) => getSignedInAuth(req).session.user.sub;
  // @ts-expect-error: a claim is no object
  export const wrong = requireSession({ claims: { roles: { is: "billing" } } });`;

/** What an app exports with an annotation, so that a compiler before 5.4 can write its declarations. */
const annotated = `import { type Store, createMemoryStore } from "latchkey";
  import { type Client, type User, createClient } from "latchkey/browser";
  import { type Auth, createAuth } from "latchkey/edge";
  import { type UseSession, useSession } from "latchkey/react";
  export const store: Store = createMemoryStore();
  export const client: Client = createClient({ issuer: "x", clientId: "x", redirectUri: "x" });
  export const user: Promise<User | null> = client.getUser();
  export const auth: Auth = createAuth({ env: {} });
  export const useUser = (): UseSession["user"] => useSession().user;`;

const next = `import { createAuth, initAuth0, verifyAccessToken } from "latchkey/next";
  import type { NextApiRequest, NextApiResponse } from "next";
  export const auth = createAuth<{ cart: string[] }>();
  export const { GET, POST } = auth.handlers;
  export const proxy = auth.withProxy((_request, { requireSession }) => requireSession() ?? undefined);
  export const session = () => auth.requireSession();
  export const forRequest = async (req: NextApiRequest, res: NextApiResponse): Promise<string | undefined> =>
    (await auth.forRequest(req, res)).session?.user.name;
  export const api = verifyAccessToken({ scope: "read:shows" });
  export const seed = initAuth0;
  // @ts-expect-error: the cart holds text
  export const wrong = () => auth.update({ cart: [1] });`;

const programs: Readonly<Record<string, Program>> = {
  "pages, Workers and other platforms of the Web": {
    lib: ["es2022", "dom"],
    types: [],
    users: {
      latchkey: { code: latchkey },
      edge: { code: edge },
      browser: { code: browser },
      react: { code: react, packages: ["@types/react", "csstype"] },
      testing: { code: testing },
      upstash: { code: upstash },
      "postgres-queries": { code: postgresQueries },
      "durable-objects": { code: durableObjects },
      "deno-kv": { code: denoKv },
      "own-store": { code: ownStore },
      "protected-api": { code: protectedApi },
    },
  },
  "pages and Workers, with annotations": {
    lib: ["es2022", "dom"],
    types: [],
    isAnnotated: true,
    users: { annotated: { code: annotated, packages: ["@types/react", "csstype"] } },
  },
  "Node, with Express and without": {
    lib: ["es2022"],
    types: ["node"],
    users: {
      node: { code: node, packages: NODE },
      express: { code: express, packages: [...NODE, ...EXPRESS] },
      redis: { code: redis, packages: [...NODE, ...REDIS] },
      postgres: { code: postgres, packages: [...NODE, "@types/pg", "pg-protocol", "pg-types"] },
    },
  },
  // Next needs the declarations of Node, of React and of the DOM.
  "Node with Next": {
    lib: ["es2022", "dom"],
    types: ["node"],
    users: { next: { code: next, packages: [...NODE, "@types/react", "csstype", "next"] } },
  },
};

/** Whether a compiler needs annotations for the declarations of an app's exports (TS2742). */
const needsAnnotations = (compiler: string): boolean => compiler < "typescript-5.4";

/** Next 16 needs a newer compiler; checking its declarations takes most of the time. */
function isFor(program: string, compiler: string): boolean {
  if (programs[program]?.isAnnotated) return needsAnnotations(compiler);
  return program !== "Node with Next" || compiler >= "typescript-5.9";
}

/** The compiler's settings for a program. */
const settingsOf = ({ lib, types, users }: Program) => ({
  compilerOptions: {
    strict: true,
    declaration: true,
    skipLibCheck: false,
    target: "es2022",
    module: "nodenext",
    moduleResolution: "nodenext",
    lib,
    types,
    typeRoots: Object.keys(users).map((user) => `${user}/node_modules/@types`),
    rootDir: ".",
    outDir: "out",
  },
  files: Object.keys(users).flatMap((user) => [`${user}/user.mts`, `${user}/user.cts`]),
});

let folder: string;

const isInstalled = (): boolean => {
  const [lock, installed] = ["package-lock.json", "node_modules/.package-lock.json"].map((path) => join(here, path));
  return existsSync(installed as string) && statSync(installed as string).mtimeMs >= statSync(lock as string).mtimeMs;
};

/** Creates a user's folder, with the published package and the user's other packages. */
function prepare(own: string, { packages = [], code }: User): void {
  const modules = join(own, "node_modules");
  mkdirSync(join(modules, "latchkey"), { recursive: true });
  mkdirSync(join(modules, "@types"));
  execFileSync("tar", ["-xzf", join(folder, "package.tgz"), "--strip-components=1", "-C", join(modules, "latchkey")]);
  for (const name of packages) {
    // Next is large, so it is linked and not copied.
    if (name === "next") symlinkSync(join(root, "node_modules/next"), join(modules, name));
    else cpSync(join(root, "node_modules", name), join(modules, name), { recursive: true });
  }
  for (const kind of ["mts", "cts"]) writeFileSync(join(own, `user.${kind}`), code);
}

/** What the compiler reports of users' files and of the package's declarations. Errors inside other packages do not count. */
function compilerErrors(compiler: string, project: string, hasDeclarations: boolean): string[] {
  const tsc = join(here, "node_modules", compiler, "bin/tsc");
  const flags = hasDeclarations ? [] : ["--declaration", "false"];
  try {
    execFileSync(process.execPath, [tsc, "-p", project, ...flags], {
      encoding: "utf8",
    });
    return [];
  } catch (error) {
    const lines = (error as { stdout: string }).stdout.split("\n").filter((line) => /error TS\d+/.test(line));
    // If the output has no error of the compiler, the compiler itself failed.
    if (lines.length === 0) throw error;
    return lines.filter((line) => !/node_modules\/(?!latchkey\/)/.test(line));
  }
}

beforeAll(() => {
  if (!isInstalled())
    execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: here, stdio: "ignore" });
  folder = mkdtempSync(join(tmpdir(), "latchkey-types-"));
  const [{ filename }] = JSON.parse(
    execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], {
      cwd: root,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }),
  ) as [{ filename: string }];
  renameSync(join(folder, filename), join(folder, "package.tgz"));
  for (const [name, program] of Object.entries(programs)) {
    const own = join(folder, name);
    mkdirSync(own);
    for (const [user, installed] of Object.entries(program.users)) prepare(join(own, user), installed);
    writeFileSync(join(own, "tsconfig.json"), JSON.stringify(settingsOf(program)));
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const runs = compilers.flatMap((compiler) =>
  Object.keys(programs)
    .filter((program) => isFor(program, compiler))
    .map((program) => [program, compiler] as const),
);

test.each(runs)("%s: users compile under strict, and no file of the package is skipped: %s", (program, compiler) => {
  const hasDeclarations = programs[program]?.isAnnotated || !needsAnnotations(compiler);
  expect(compilerErrors(compiler, join(folder, program), hasDeclarations)).toEqual([]);
});
