import { createServer } from "node:http";

/**
 * Tries one address.
 * @param {number} port
 * @param {string} [host] every interface, IPv4 and IPv6, when left out
 * @returns {Promise<import("node:http").Server | undefined>} undefined: the port is taken
 */
const open = (port, host) =>
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
 * A server that listens on the preferred port or, where another program has it, on a free one. Its handler comes later
 * (`server.on("request", handler)`): the app, the provider and the API need each other's addresses before they can start.
 * @param {string} host
 * @param {number} preferred
 */
export async function listen(host, preferred) {
  // "localhost" is two addresses. A port counts as ours only where nobody holds it on either of them.
  const probe = await open(preferred);
  if (probe) await close(probe);
  const server = (probe && preferred !== 0 && (await open(preferred, host))) || (await open(0, host));
  const address = server?.address();
  if (!server || address === null || typeof address !== "object") throw new Error(`no free port on ${host}`);
  return { server, origin: `http://${host}:${address.port}` };
}
