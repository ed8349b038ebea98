import { createServer, request } from "node:http";

/**
 * A Node app as a function from Request to Response. It listens on loopback, as behind a proxy that terminates TLS.
 * @param {import("node:http").RequestListener} listener
 */
export async function overHttp(listener) {
  const server = createServer(listener);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();

  async function handle(asked) {
    const { host, pathname, search } = new URL(asked.url);
    const body = Buffer.from(await asked.arrayBuffer());
    const headers = {
      ...Object.fromEntries(asked.headers),
      host,
      "x-forwarded-proto": "https",
      "content-length": body.length,
    };
    return new Promise((resolve, reject) => {
      const options = { host: "127.0.0.1", port, method: asked.method, path: pathname + search, headers, agent: false };
      request(options, (answer) => readAnswer(answer).then(resolve, reject))
        .on("error", reject)
        .end(body);
    });
  }
  return { handle, close: () => server.close() };
}

async function readAnswer(answer) {
  const chunks = await answer.toArray();
  const pairs = [];
  for (let at = 0; at < answer.rawHeaders.length; at += 2) pairs.push(answer.rawHeaders.slice(at, at + 2));
  const empty = [204, 304].includes(answer.statusCode);
  return new Response(empty ? null : Buffer.concat(chunks), { status: answer.statusCode, headers: pairs });
}
