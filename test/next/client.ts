import { type IncomingHttpHeaders, request } from "node:http";
import { createCookieJar } from "../../adapters/testing/jar.js";
import type { World } from "./world.js";

export interface ClientResponse {
  readonly url: string;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly setCookies: string[];
  readonly body: string;
}

export interface RequestOptions {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

/** Sends one request with exactly these headers. */
export const sendRequest = (url: string, { method = "GET", headers = {}, body }: RequestOptions = {}) =>
  new Promise<ClientResponse>((resolve, reject) => {
    const length: Record<string, string> = body === undefined ? {} : { "content-length": `${Buffer.byteLength(body)}` };
    const outgoing = request(
      url,
      { method, headers: { ...headers, ...length }, agent: false, timeout: 20_000 },
      async (response) => {
        let text = "";
        for await (const part of response.setEncoding("utf8")) text += part;
        const { statusCode: status = 0, headers: received } = response;
        resolve({ url, status, headers: received, setCookies: received["set-cookie"] ?? [], body: text });
      },
    );
    outgoing.on("timeout", () => outgoing.destroy(new Error(`no response from ${url} within 20 s`)));
    outgoing.on("error", reject);
    outgoing.end(body);
  });

const navigation = {
  accept: "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
  "sec-fetch-dest": "document",
  "sec-fetch-mode": "navigate",
  "sec-fetch-site": "same-origin",
};
const script = { accept: "*/*", "sec-fetch-dest": "empty", "sec-fetch-mode": "cors", "sec-fetch-site": "same-origin" };

/** The cookies and request headers of a browser, for tests that check each response. */
export interface Client {
  /** Navigates to a page. Does not follow redirects. */
  open(url: string, options?: RequestOptions): Promise<ClientResponse>;
  /** Fetches a URL as a script does. */
  fetch(url: string, options?: RequestOptions): Promise<ClientResponse>;
  /** Submits a form. */
  submit(url: string, fields: Record<string, string>): Promise<ClientResponse>;
  /** Follows redirects to the last page. */
  follow(from: ClientResponse): Promise<ClientResponse>;
  /** The Cookie header for a URL. */
  cookies(url: string): string;
}

export function createClient(): Client {
  const jar = createCookieJar();
  const send = async (url: string, { headers = {}, ...rest }: RequestOptions, kind: Record<string, string>) => {
    const cookie = [headers["cookie"], jar.header(url)].filter(Boolean).join("; ");
    const response = await sendRequest(url, { ...rest, headers: { ...kind, ...headers, ...(cookie && { cookie }) } });
    jar.store(response.setCookies, url);
    return response;
  };
  const client: Client = {
    open: (url, options = {}) => send(url, options, navigation),
    fetch: (url, options = {}) => send(url, options, script),
    submit: (url, fields) =>
      client.open(url, {
        method: "POST",
        headers: { origin: new URL(url).origin, "content-type": "application/x-www-form-urlencoded" },
        body: new URLSearchParams(fields).toString(),
      }),
    async follow(from) {
      let response = from;
      for (let hops = 0; hops < 10; hops++) {
        const to = locationOf(response);
        if (!to) return response;
        response = await client.open(to);
      }
      throw new Error(`too many redirects; the last one led to ${response.url}`);
    },
    cookies: (url) => jar.header(url),
  };
  return client;
}

/** The URL that a response redirects to. */
export const locationOf = ({ url, status, headers: { location } }: ClientResponse): string | undefined =>
  status >= 300 && status < 400 && location !== undefined ? new URL(location, url).href : undefined;

/** Submits the provider's forms, starting from the response that redirects there. @returns the page after the sign-in */
export async function answerProvider(client: Client, from: ClientResponse, name = "ada"): Promise<ClientResponse> {
  const form = await client.follow(from);
  const consent = await client.follow(await client.submit(form.url, { name, password: "demo" }));
  return client.follow(await client.submit(consent.url, { action: "allow" }));
}

/** Signs in a user with a new client. */
export async function createSignedInClient(
  { base }: World,
  name = "ada",
  mount = "/auth",
  page = "/static",
): Promise<Client> {
  const client = createClient();
  const start = await client.follow(
    await client.open(`${base}${mount}/login?returnTo=${new URL(base + page).pathname}`),
  );
  const end = await answerProvider(client, start, name);
  if (end.status !== 200 || !end.url.startsWith(base + page)) {
    throw new Error(`the sign-in ended at ${end.url} with ${end.status}`);
  }
  return client;
}

/** The JSON that a page of the fixture shows. */
export function jsonIn({ url, status, body }: ClientResponse): unknown {
  const [, text] = /<pre[^>]*>([\w.!~*'()%-]+)<\/pre>/.exec(body) ?? [];
  if (text === undefined) throw new Error(`${url} shows no JSON (status ${status})`);
  return JSON.parse(decodeURIComponent(text));
}

/** Whether a Set-Cookie line or a pair of a Cookie header belongs to latchkey. */
export const isLatchkeyCookie = (line: string): boolean => /^(__Host-)?latchkey\./.test(line);
