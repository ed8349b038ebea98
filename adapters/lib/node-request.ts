import type { IncomingMessage } from "node:http";
import { MAX_FORM } from "../../core/request/body.js";
import type { RequestView } from "../../core/request/view.js";
import type { AccessTokenRequest } from "../../core/resource-server/access-token.js";

/** A request of Node, with what Express and Next's Pages Router add to it. */
export type NodeRequest = IncomingMessage & { originalUrl?: string; body?: unknown };

/** The parts of a request's public URL that only its adapter knows. */
interface PublicUrl {
  /** The host that a trusted proxy names, in the place of the Host header. Called only for an app that has several sites. */
  readonly host?: (req: NodeRequest) => string | undefined;
  /** The part that the framework took off the path, if `originalUrl` does not have the whole path. */
  readonly base?: string;
}

/** Its members are no `#` ones: the core derives a view with another URL from it. */
class NodeRequestView implements RequestView {
  constructor(
    private readonly req: NodeRequest,
    private readonly publicUrl: PublicUrl,
  ) {}

  get method(): string {
    return this.req.method ?? "GET";
  }

  get url(): string {
    // Express takes a mount path off `url`; the core needs the public URL.
    return this.req.originalUrl ?? (this.publicUrl.base ?? "") + (this.req.url ?? "/");
  }

  get headers(): RequestView["headers"] {
    return this;
  }

  get(name: string): string | null {
    const { headers } = this.req;
    // RFC 9113 8.3.1: where HTTP/2 has `:authority`, Host is not used.
    const host = name === "host" && (this.publicUrl.host?.(this.req) ?? headers[":authority"]);
    const value = host || headers[name];
    return (Array.isArray(value) ? value.join(", ") : value) ?? null;
  }

  text(): Promise<string> {
    return readBody(this.req);
  }
}

/** The parts of a Node request that the core reads. */
export const toRequestView = (req: NodeRequest, publicUrl: PublicUrl = {}): RequestView =>
  new NodeRequestView(req, publicUrl);

/** The Authorization header. If a client sent several, all of them: Node shows only the first. */
function authorizationHeaderOf({ headers, rawHeaders = [] }: IncomingMessage): string | undefined {
  // Names and values alternate in this list.
  const isSent = (_: string, index: number) => index % 2 === 1 && /^authorization$/i.test(`${rawHeaders[index - 1]}`);
  const sent = rawHeaders.filter(isSent);
  return sent.length > 1 ? sent.join(", ") : headers.authorization;
}

/** The parts of a request by which an API decides. */
export const toAccessTokenRequest = (req: NodeRequest): AccessTokenRequest => ({
  method: req.method ?? "GET",
  url: req.originalUrl ?? req.url ?? "/",
  authorization: authorizationHeaderOf(req),
  proof: req.headers["dpop"],
});

/** The posted form as text; empty when it is too long, or when the client goes away before its end. */
async function readBody(req: NodeRequest): Promise<string> {
  const parsed = parsedBody(req.body);
  if (parsed !== undefined) return parsed.length > MAX_FORM ? "" : parsed;
  const chunks: Buffer[] = [];
  let size = 0;
  if (req.readableEnded) return "";
  try {
    for await (const chunk of req as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_FORM) return "";
      chunks.push(chunk);
    }
  } catch {
    // The client closed the connection: the form is incomplete.
    return "";
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** The form that a body parser has read already: text, bytes, or an object. */
function parsedBody(body: unknown): string | undefined {
  if (typeof body === "string") return body;
  if (ArrayBuffer.isView(body)) return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8");
  // Some parsers make objects without a prototype.
  if (typeof body !== "object" || body === null || Object.keys(body).length === 0) return undefined;
  // A form has text and lists of text; other values that a parser may have made are dropped.
  const pairs = Object.entries(body).flatMap(([name, value]) =>
    [value].flat().flatMap((item): Array<[string, string]> => (typeof item === "string" ? [[name, item]] : [])),
  );
  return new URLSearchParams(pairs).toString();
}
