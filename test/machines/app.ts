import express from "express";
import { Cluster, Redis } from "ioredis";
import { Pool } from "pg";
import { createClient, createCluster } from "redis";
import { auth, backchannelLogout } from "../../adapters/express.js";
import { postgresStore } from "../../adapters/stores/postgres.js";
import { redisStore } from "../../adapters/stores/redis.js";

/** One machine: an app of Express in a process of its own. `OPTIONS`: {@link MachineOptions} as JSON; `PORT`: where it listens. */
export interface MachineOptions {
  readonly store?: {
    readonly engine: "ioredis" | "node-redis" | "postgres";
    readonly port: number;
    readonly isCluster?: boolean;
  };
  readonly storage?: "cookies" | "store";
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly baseUrl: string;
  readonly secret: string | readonly string[];
  readonly checkEvery?: number;
  /** Milliseconds by which the clock of the machine is ahead. */
  readonly ahead?: number;
  readonly httpTimeout?: number;
}

const options = JSON.parse(process.env["OPTIONS"] as string) as MachineOptions;
const { store: where, storage = "cookies", ahead = 0, checkEvery, ...rest } = options;

/** The clients as docs/guides/stores.md recommends them. */
async function openStore() {
  const settings = checkEvery === undefined ? {} : { checkEvery };
  if (where?.isCluster) return openCluster(where, settings);
  if (where?.engine === "ioredis") {
    const redis = new Redis(where.port, { commandTimeout: 1_000, connectTimeout: 1_000, maxRetriesPerRequest: 1 });
    redis.on("error", () => {});
    close = () => redis.disconnect();
    return redisStore(redis, settings);
  }
  if (where?.engine === "node-redis") {
    const redis = createClient({ url: `redis://127.0.0.1:${where.port}`, socket: { connectTimeout: 1_000 } });
    redis.on("error", () => {});
    close = () => redis.destroy();
    return redisStore(await redis.connect(), settings);
  }
  if (where?.engine === "postgres") {
    const pool = new Pool({
      host: "127.0.0.1",
      port: where.port,
      user: "postgres",
      max: 10,
      connectionTimeoutMillis: 1_000,
      query_timeout: 1_000,
    });
    pool.on("error", () => {});
    close = () => pool.end();
    return postgresStore(pool, settings);
  }
  return undefined;
}

/** `port`: of one node, from which the client learns the others. */
async function openCluster({ engine, port }: NonNullable<MachineOptions["store"]>, settings: object) {
  if (engine === "ioredis") {
    const cluster = new Cluster([{ host: "127.0.0.1", port }], { redisOptions: { commandTimeout: 1_000 } });
    cluster.on("error", () => {});
    close = () => cluster.disconnect();
    return redisStore(cluster, settings);
  }
  const cluster = createCluster({ rootNodes: [{ url: `redis://127.0.0.1:${port}` }] });
  cluster.on("error", () => {});
  close = () => cluster.destroy();
  return redisStore(await cluster.connect(), settings);
}

let close: () => unknown = () => {};
const store = await openStore();
const events: unknown[] = [];
const app = express();
app.get("/events", (_req, res) => void res.json(events.splice(0)));
app.use(
  auth({
    ...rest,
    ...(store ? { store, backchannelLogout: backchannelLogout() } : {}),
    session: { storage },
    now: () => Date.now() + ahead,
    authorizationParams: { prompt: "consent" },
    scope: "openid profile offline_access",
    allowedParams: ["login_hint"],
    onEvent: (event) => {
      if (event.type !== "failed") return;
      const { code, cause } = event.error;
      events.push({ code, cause: String((cause as Error | undefined)?.cause ?? cause) });
    },
  }),
);
app.get("/public", (req, res) => void res.json({ user: req.auth.session?.user.sub ?? null }));
app.get("/private", (req, res) => {
  const { session, reason } = req.auth;
  if (session) res.json({ user: session.user.sub, id: session.id, data: session.data });
  else res.status(reason === "store_unavailable" ? 503 : 401).json({ reason });
});
app.get("/token", async (req, res) => {
  try {
    res.json({ token: await req.auth.getAccessToken() });
  } catch (error) {
    const { status = 500, code, message } = error as { status?: number; code?: string; message: string };
    res.status(status).json({ code, message });
  }
});
app.get("/token-then-throw", async (req) => {
  await req.auth.getAccessToken();
  throw new Error("the handler failed");
});
app.get("/token-then-wait", async (req) => void (await req.auth.getAccessToken()));
app.get("/token-after-headers", async (req, res) => {
  res.writeHead(200, { "content-type": "text/plain" });
  res.write("begun ");
  res.end(await req.auth.getAccessToken().catch((error: { code: string }) => error.code));
});
app.get("/count", async (req, res) => {
  await req.auth.update((data) => ({ ...data, count: ((data["count"] as number | undefined) ?? 0) + 1 }));
  res.json({ count: req.auth.session?.data["count"] });
});
app.get("/sessions", async (req, res) => void res.json(await store?.sessionsOf(String(req.query["sub"]))));
app.get("/sign-out-everywhere", async (req, res) => {
  const { sub, except } = req.query as { sub: string; except?: string };
  await store?.signOutEverywhere(sub, except === undefined ? {} : { except });
  res.json({});
});
app.use(
  (
    error: { status?: number; code?: string; message: string },
    _req: unknown,
    res: express.Response,
    _next: unknown,
  ) => {
    res.status(error.status ?? 500).json({ code: error.code, message: error.message });
  },
);
const server = app.listen(Number(process.env["PORT"]), "127.0.0.1");
// Longer than the balancer has nothing to send: it must not use a connection that the machine is closing.
server.keepAliveTimeout = 120_000;
// As docs/guides/operations.md says: the requests that are there end, and the process with them.
process.on("SIGTERM", () => {
  server.close(() => close());
  // Connections whose last request has ended since.
  setInterval(() => server.closeIdleConnections(), 100).unref();
});
