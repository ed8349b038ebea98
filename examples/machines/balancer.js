import { createServer, request } from "node:http";

/** Passes each request on to the next machine in turn. `portFor` may choose a port by the path. */
export function createBalancer(ports, portFor = () => undefined) {
  let turn = 0;
  return createServer((req, res) => {
    const { method, url: path, headers } = req;
    const port = portFor(path) ?? ports[turn++ % ports.length];
    const outgoing = request({ host: "127.0.0.1", port, method, path, headers }, (answer) => {
      res.writeHead(answer.statusCode, answer.rawHeaders);
      answer.pipe(res);
    });
    outgoing.on("error", () => (res.headersSent ? res.destroy() : res.writeHead(502).end()));
    req.pipe(outgoing);
  });
}
