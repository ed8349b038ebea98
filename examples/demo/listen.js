import { createServer } from "node:http";

/**
 * Tries to listen on one port.
 * @param {number} port
 * @param {string} [host] by default every interface, IPv4 and IPv6
 * @returns {Promise<import("node:http").Server | undefined>} undefined if the port is in use
 */
const tryListen = (port, host) =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error) => {
      if ("code" in error && (error.code === "EADDRINUSE" || error.code === "EACCES")) resolve(undefined);
      else reject(error);
    });
    server.listen({ port, host }, () => resolve(server));
  });

/** @param {import("node:http").Server} server @returns {Promise<void>} */
export const close = (server) =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections(); // keep-alive connections would hold the port for seconds
  });

/**
 * Starts a server on the preferred port or, if that is in use, on a free one. The caller adds the handler later
 * (`server.on("request", handler)`), because the app, the provider and the API need each other's addresses first.
 * @param {string} host
 * @param {number} preferred
 */
export async function listen(host, preferred) {
  // "localhost" has an IPv4 and an IPv6 address. Take the port only if it is free on both.
  const probe = await tryListen(preferred);
  if (probe) await close(probe);
  const server = (probe && preferred !== 0 && (await tryListen(preferred, host))) || (await tryListen(0, host));
  const address = server?.address();
  if (!server || address === null || typeof address !== "object") throw new Error(`no free port on ${host}`);
  return { server, origin: `http://${host}:${address.port}` };
}

/**
 * Passes on the requests of the other loopback address, so that "localhost" leads to a server on "127.0.0.1" whichever
 * address the browser takes for it. Without IPv6 on this machine there is none.
 * @param {import("node:http").Server} server
 */
export async function listenOnIPv6(server) {
  const address = server.address();
  if (address === null || typeof address !== "object") return;
  const twin = await tryListen(address.port, "::1").catch(() => undefined);
  twin?.on("request", (request, response) => server.emit("request", request, response));
  server.once("close", () => twin?.close().closeAllConnections());
}
