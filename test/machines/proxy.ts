import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A place between an app and its database, which a test can make slow, or make cut connections. */
export interface DatabaseProxy {
  readonly port: number;
  /** Milliseconds before an answer of the database goes on. It reaches the database at once all the same. */
  delay: () => number;
  /** Resets each connection as soon as the app sends something on it. */
  refuses: boolean;
  /** Resets all connections that are open now. */
  reset(): void;
  stop(): Promise<void>;
}

/** A TCP proxy on loopback. `port`: of the database. */
export async function startProxy(port: number): Promise<DatabaseProxy> {
  const pairs = new Set<readonly [app: Socket, database: Socket]>();
  const cut = ([app, database]: readonly [Socket, Socket]) => {
    app.resetAndDestroy();
    database.resetAndDestroy();
  };
  const server = createServer((app) => {
    const database = connect(port, "127.0.0.1");
    const pair = [app, database] as const;
    pairs.add(pair);
    /** Passes on one answer after the other, so that they keep their order. */
    let passed = Promise.resolve();
    app.on("data", (chunk) => (proxy.refuses ? cut(pair) : database.write(chunk)));
    database.on("data", (chunk) => {
      const at = Date.now() + proxy.delay();
      passed = passed.then(async () => {
        const wait = at - Date.now();
        if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
        app.write(chunk);
      });
    });
    for (const [one, other] of [pair, [database, app]] as const) {
      one.on("error", () => other.destroy());
      one.on("close", () => {
        other.destroy();
        pairs.delete(pair);
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const proxy: DatabaseProxy = {
    port: (server.address() as AddressInfo).port,
    delay: () => 0,
    refuses: false,
    reset() {
      for (const pair of pairs) cut(pair);
    },
    async stop() {
      proxy.reset();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}
