import { createServer, request } from "node:http";

/**
 * A Node app as a function from Request to Response. It listens on loopback, as behind a proxy that terminates TLS.
 * @param {import("node:http").RequestListener} listener
 */
export async function overHttp(listener) {
  const server = createServer(listener);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();

  async function handle(webRequest) {
    const { host, pathname, search } = new URL(webRequest.url);
    const body = Buffer.from(await webRequest.arrayBuffer());
    const headers = {
      ...Object.fromEntries(webRequest.headers),
      host,
      "x-forwarded-proto": "https",
      "content-length": body.length,
    };
    return new Promise((resolve, reject) => {
      const options = {
        host: "127.0.0.1",
        port,
        method: webRequest.method,
        path: pathname + search,
        headers,
        agent: false,
      };
      request(options, (incoming) => toResponse(incoming).then(resolve, reject))
        .on("error", reject)
        .end(body);
    });
  }
  return { handle, close: () => server.close() };
}

async function toResponse(incoming) {
  const chunks = await incoming.toArray();
  const pairs = [];
  for (let at = 0; at < incoming.rawHeaders.length; at += 2) pairs.push(incoming.rawHeaders.slice(at, at + 2));
  const empty = [204, 304].includes(incoming.statusCode);
  return new Response(empty ? null : Buffer.concat(chunks), { status: incoming.statusCode, headers: pairs });
}
