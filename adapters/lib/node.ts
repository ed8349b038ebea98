import type { IncomingMessage, ServerResponse } from "node:http";
import { cookieHeaderAfter, cookieNameOf } from "../../core/cookie/lines.js";
import { cachingHeaders, type Reply, type ResponseWriter } from "../../core/request/response.js";
import type { RequestView } from "../../core/request/view.js";

/** A request as Node has it, or as Express and Next's Pages Router have extended it. */
export type NodeRequest = IncomingMessage & { originalUrl?: string; body?: unknown };

/** Bytes of a posted form that are read; an authorization response has a few hundred. */
const MAX_BODY = 65_536;

/** What an adapter knows of a request besides. */
interface Placed {
  /** Stands in for the Host header, where a trusted proxy says another. */
  host?: string | undefined;
  /** What the framework took off the path, where no server in front has left the whole of it. */
  base?: string;
}

class NodeRequestView implements RequestView {
  readonly #req: NodeRequest;
  readonly #placed: Placed;

  constructor(req: NodeRequest, placed: Placed) {
    this.#req = req;
    this.#placed = placed;
  }

  get method(): string {
    return this.#req.method ?? "GET";
  }

  get url(): string {
    // Express strips a mount path off `url`; the public one is needed.
    return this.#req.originalUrl ?? (this.#placed.base ?? "") + (this.#req.url ?? "/");
  }

  get headers(): RequestView["headers"] {
    return this;
  }

  get(name: string): string | null {
    const { headers } = this.#req;
    // RFC 9113 8.3.1: where HTTP/2 has `:authority`, Host is not used.
    const host = () => this.#placed.host ?? headers[":authority"] ?? headers.host;
    const value = name === "host" ? host() : headers[name];
    return (Array.isArray(value) ? value.join(", ") : value) ?? null;
  }

  text(): Promise<string> {
    return readBody(this.#req);
  }
}

const NOWHERE_ELSE: Placed = {};

/** What the core reads of a Node request. */
export const toRequestView = (req: NodeRequest, placed = NOWHERE_ELSE): RequestView => new NodeRequestView(req, placed);

/** The Authorization header; both where there are two, of which Node would show the first. */
export function authorizationOf({ headers, rawHeaders = [] }: IncomingMessage): string | undefined {
  // Names and values in one list.
  const isSent = (_: string, index: number) => index % 2 === 1 && /^authorization$/i.test(`${rawHeaders[index - 1]}`);
  const sent = rawHeaders.filter(isSent);
  return sent.length > 1 ? sent.join(", ") : headers.authorization;
}

/** Answers with a reply of ours. */
export function answer(res: ServerResponse, { status, headers, body }: Reply): void {
  res.statusCode = status;
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
  res.end(body ?? undefined);
}

/** The posted form as text; empty when it is too long, or when the client goes away before its end. */
async function readBody(req: NodeRequest): Promise<string> {
  const parsed = parsedBody(req.body);
  if (parsed !== undefined) return parsed.length > MAX_BODY ? "" : parsed;
  const chunks: Buffer[] = [];
  let size = 0;
  if (req.readableEnded) return "";
  try {
    for await (const chunk of req as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_BODY) return "";
      chunks.push(chunk);
    }
  } catch {
    // The client has gone: no form came with the request.
    return "";
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** A form as a body parser before us left it: text, bytes, or an object. */
function parsedBody(body: unknown): string | undefined {
  if (typeof body === "string") return body;
  if (ArrayBuffer.isView(body)) return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8");
  // Some parsers make objects without a prototype.
  if (typeof body !== "object" || body === null || Object.keys(body).length === 0) return undefined;
  // Text and lists of text, as a form has them; what else a parser can make of one is none.
  const pairs = Object.entries(body).flatMap(([name, value]) =>
    [value].flat().flatMap((item): Array<[string, string]> => (typeof item === "string" ? [[name, item]] : [])),
  );
  return new URLSearchParams(pairs).toString();
}

/** What is still to be put on a response before its headers leave. */
export interface NodeWriter extends ResponseWriter {
  /** Answers with a reply of ours. */
  send(reply: Reply): void;
}

class ResponseOutlet implements NodeWriter {
  readonly #res: ServerResponse;
  readonly #headers: IncomingMessage["headers"];
  #lines: Map<string, string> | undefined;
  #read = false;
  #wrote = false;
  #tasks: Array<() => void> | undefined;

  constructor(res: ServerResponse, { headers }: Pick<IncomingMessage, "headers">) {
    this.#res = res;
    this.#headers = headers;
    beforeHeaders(res, this);
  }

  canWrite(): boolean {
    return !this.#res.headersSent;
  }

  markSessionRead(): void {
    this.#read = true;
  }

  setCookies(added: readonly string[], prefix: string): boolean {
    if (!this.canWrite()) return false;
    this.#wrote = true;
    this.#lines ??= new Map();
    for (const line of added) this.#lines.set(cookieNameOf(line), line);
    dropCookies(this.#res, this.#lines);
    this.#headers.cookie = cookieHeaderAfter(this.#headers.cookie, added, prefix);
    return true;
  }

  onSent(task: () => void): void {
    if (this.canWrite()) this.#tasks = [...(this.#tasks ?? []), task];
    else task();
  }

  send(reply: Reply): void {
    this.#wrote = true;
    answer(this.#res, reply);
  }

  /** Puts on the response what is to be on it. */
  apply(): void {
    const res = this.#res;
    if (this.#lines) {
      const others = setCookiesOf(res);
      // Somebody who wrote one of ours after us, such as latchkey in a Next behind this server, knew ours.
      for (const line of others) this.#lines.delete(cookieNameOf(line));
      if (this.#lines.size > 0) res.setHeader("set-cookie", [...others, ...this.#lines.values()]);
    }
    // Cookies written to a closed connection have not reached the browser. HTTP/2 has a stream for each response.
    const { stream } = res as { stream?: { readonly destroyed: boolean } };
    if (!res.destroyed && !stream?.destroyed) for (const task of this.#tasks ?? []) task();
    if (!this.#read && !this.#wrote) return;
    for (const [name, value] of cachingHeaders((name) => headerOf(res, name), this.#wrote)) {
      if (value === null) res.removeHeader(name);
      else res.setHeader(name, value);
    }
  }
}

/**
 * The one place where a Node response is touched: when its headers are about to leave, over whatever the app put there.
 * Who looks at the request after a write sees the cookies as they will be: another server behind this one, such as Next.
 */
export const createNodeWriter = (res: ServerResponse, req: Pick<IncomingMessage, "headers">): NodeWriter =>
  new ResponseOutlet(res, req);

const setCookiesOf = (res: ServerResponse): string[] => [res.getHeader("set-cookie") ?? []].flat().map(String);

/** Takes back what was set before under these names. */
function dropCookies(res: ServerResponse, names: ReadonlyMap<string, unknown>): void {
  const all = setCookiesOf(res);
  const kept = all.filter((line) => !names.has(cookieNameOf(line)));
  if (kept.length < all.length) res.setHeader("set-cookie", kept);
}

function headerOf(res: ServerResponse, name: string): string | null {
  const value = res.getHeader(name);
  return value === undefined ? null : [value].flat().join(", ");
}

/**
 * Applies once, when the headers are about to leave: those that `writeHead` was given are on the response by then. If Node
 * refuses one of those, `writeHead` stays patched, so that the error response gets the cookies as well.
 */
function beforeHeaders(res: ServerResponse, outlet: Pick<ResponseOutlet, "apply">): void {
  const { writeHead } = res;
  res.writeHead = (status: number, ...rest: unknown[]) => {
    const pairs = pairsOf(rest.at(-1));
    // Over what was there before, and still several under one name.
    for (const [name] of pairs) res.removeHeader(name);
    for (const [name, value] of pairs) res.appendHeader(name, value);
    outlet.apply();
    res.writeHead = writeHead;
    const message = rest.find((item) => typeof item === "string");
    return message === undefined ? res.writeHead(status) : res.writeHead(status, message);
  };
}

type Header = [name: string, value: string | string[]];

/** The forms that `writeHead` takes headers in: an object, a list of pairs, or names and values in one list. */
function pairsOf(headers: unknown): Header[] {
  if (!Array.isArray(headers)) return typeof headers === "string" ? [] : (Object.entries(headers ?? {}) as Header[]);
  if (Array.isArray(headers[0])) return headers;
  return headers.flatMap((name, index) => (index % 2 ? [] : [[name, headers[index + 1]] as Header]));
}
