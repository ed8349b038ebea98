// node serve.js FOLDER: serves a folder of files on PORT, as any static host does.
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize, sep } from "node:path";

const [folder = "out"] = process.argv.slice(2);
const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".txt": "text/plain" };

createServer((request, response) => {
  const { pathname, search } = new URL(request.url ?? "/", "http://localhost");
  const path = normalize(join(folder, decodeURIComponent(pathname)));
  const isFolder = path.startsWith(normalize(folder)) && existsSync(path) && statSync(path).isDirectory();
  if (isFolder && !path.endsWith(sep)) return response.writeHead(301, { location: `${pathname}/${search}` }).end();
  const file = isFolder ? join(path, "index.html") : path;
  if (!path.startsWith(normalize(folder)) || !existsSync(file)) return response.writeHead(404).end("not found");
  response.writeHead(200, { "content-type": types[extname(file)] ?? "application/octet-stream" });
  createReadStream(file).pipe(response);
}).listen(Number(process.env.PORT), "localhost");
