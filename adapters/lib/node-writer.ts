import type { IncomingMessage, ServerResponse } from "node:http";
import { cookieHeaderAfter, cookieNameOf } from "../../core/cookie/lines.js";
import { cachingHeaders, type Reply, type ResponseWriter } from "../../core/request/response.js";

/** Answers a request with a reply. */
export function answer(res: ServerResponse, { status, headers, body }: Reply): void {
  res.statusCode = status;
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
  res.end(body ?? undefined);
}

/** Writes cookies and replies to a response of Node. */
export interface NodeWriter extends ResponseWriter {
  /** Answers the request. */
  send(reply: Reply): void;
}

type WithStream = { readonly stream?: { readonly destroyed: boolean } };

class NodeResponseWriter implements NodeWriter {
  readonly #res: ServerResponse;
  readonly #req: Pick<IncomingMessage, "headers">;
  #lines: Map<string, string> | undefined;
  #hasReadSession = false;
  #hasWritten = false;
  #tasks: Array<() => void> | undefined;

  constructor(res: ServerResponse, req: Pick<IncomingMessage, "headers">) {
    this.#res = res;
    this.#req = req;
    beforeHeaders(res, this);
  }

  canWrite(): boolean {
    return !this.#res.headersSent;
  }

  markSessionRead(): void {
    this.#hasReadSession = true;
  }

  setCookies(added: readonly string[], prefix: string): boolean {
    if (!this.canWrite()) return false;
    this.#hasWritten = true;
    this.#lines ??= new Map();
    for (const line of added) this.#lines.set(cookieNameOf(line), line);
    dropCookies(this.#res, this.#lines);
    const { headers } = this.#req;
    headers.cookie = cookieHeaderAfter(headers.cookie, added, prefix);
    return true;
  }

  onSent(task: () => void): void {
    if (this.canWrite()) this.#tasks = [...(this.#tasks ?? []), task];
    else task();
  }

  send(reply: Reply): void {
    this.#hasWritten = true;
    answer(this.#res, reply);
  }

  /** Adds the Set-Cookie lines and the caching headers to the response. */
  apply(): void {
    const res = this.#res;
    if (this.#lines) {
      const others = setCookiesOf(res);
      // Another copy of the package, such as one in a Next server behind this one, wrote these cookies later: its lines are newer.
      for (const line of others) this.#lines.delete(cookieNameOf(line));
      if (this.#lines.size > 0) res.setHeader("set-cookie", [...others, ...this.#lines.values()]);
    }
    // Cookies written to a closed connection do not reach the browser. HTTP/2 has a stream for each response.
    for (const task of this.#tasks ?? []) if (!res.destroyed && !(res as WithStream).stream?.destroyed) task();
    if (!this.#hasReadSession && !this.#hasWritten) return;
    for (const [name, value] of cachingHeaders((name) => headerOf(res, name), this.#hasWritten)) {
      if (value === null) res.removeHeader(name);
      else res.setHeader(name, value);
    }
  }
}

/**
 * The writer of a response. It touches the response once, when the headers are about to be sent, and replaces what the app set.
 * It also keeps the Cookie header of the request up to date, for a server behind this one that reads the request, such as Next.
 */
export const createNodeWriter = (res: ServerResponse, req: Pick<IncomingMessage, "headers">): NodeWriter =>
  new NodeResponseWriter(res, req);

const setCookiesOf = (res: ServerResponse): string[] => [res.getHeader("set-cookie") ?? []].flat().map(String);

/** Removes Set-Cookie lines of these names from the response. */
function dropCookies(res: ServerResponse, names: ReadonlyMap<string, unknown>): void {
  const all = setCookiesOf(res);
  const others = all.filter((line) => !names.has(cookieNameOf(line)));
  if (others.length < all.length) res.setHeader("set-cookie", others);
}

const headerOf = (res: ServerResponse, name: string): string | null => res.getHeader(name)?.toString() ?? null;

/**
 * Calls `apply` once, when the headers are about to be sent and those passed to `writeHead` are set. If Node refuses one of
 * those, `writeHead` stays patched, so that the error response gets the cookies as well.
 *
 * Express gives each response a hidden class of its own, in which the first use of each property is slow. The deletion makes the
 * response a dictionary, so that what Node does with it afterwards is fast; to define the property is faster than to assign it.
 */
function beforeHeaders(res: ServerResponse, writer: Pick<NodeResponseWriter, "apply">): void {
  const { writeHead } = res;
  Object.defineProperty(res, "writeHead", {
    configurable: true,
    writable: true,
    value(status: number, message?: unknown, headers = message) {
      const pairs = pairsOf(headers);
      // They replace those that were set before, and a name may have several values.
      for (const [name] of pairs) res.removeHeader(name);
      for (const [name, value] of pairs) res.appendHeader(name, value);
      writer.apply();
      delete (res as Partial<ServerResponse>).writeHead;
      // Another middleware had patched the method before.
      if (res.writeHead !== writeHead) res.writeHead = writeHead;
      return res.writeHead(status, typeof message === "string" ? message : undefined);
    },
  });
}

type Header = [name: string, value: string | string[]];

/** The headers passed to `writeHead`: an object, a list of pairs, or a list in which names and values alternate. */
function pairsOf(headers: unknown): Header[] {
  if (!Array.isArray(headers)) return typeof headers === "string" ? [] : (Object.entries(headers ?? {}) as Header[]);
  if (Array.isArray(headers[0])) return headers;
  return headers.flatMap((name, index) => (index % 2 ? [] : [[name, headers[index + 1]] as Header]));
}
