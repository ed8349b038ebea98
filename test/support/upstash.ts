import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Redis } from "ioredis";
import type { Server } from "./databases.js";

/**
 * Upstash's REST API over a real Redis: a POST of one command as a JSON list, the answer in `result` or `error`, as its documents say
 * (https://upstash.com/docs/redis/features/restapi).
 */
export async function startUpstash({ port }: Pick<Server, "port">) {
  const token = "a token of Upstash";
  const redis = new Redis(port);
  const server = createServer(async (req, res) => {
    const answer = (status: number, body: object) =>
      res.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (req.headers.authorization !== `Bearer ${token}`) return answer(401, { error: "Unauthorized" });
    let text = "";
    for await (const chunk of req.setEncoding("utf8")) text += chunk;
    try {
      const [command, ...args] = JSON.parse(text) as [string, ...string[]];
      return answer(200, { result: await redis.call(command, ...args) });
    } catch (error) {
      return answer(400, { error: (error as Error).message });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token,
    async stop() {
      redis.disconnect();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
