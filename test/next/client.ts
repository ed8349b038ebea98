import { type IncomingHttpHeaders, request } from "node:http";
import { createCookieJar } from "../../adapters/testing/jar.js";
import type { World } from "./world.js";

export interface Answer {
  readonly url: string;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly setCookies: string[];
  readonly body: string;
}

export interface Asking {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

/** One request, exactly as it is written here. */
export const ask = (url: string, { method = "GET", headers = {}, body }: Asking = {}) =>
  new Promise<Answer>((resolve, reject) => {
    const length: Record<string, string> = body === undefined ? {} : { "content-length": `${Buffer.byteLength(body)}` };
    const sent = request(
      url,
      { method, headers: { ...headers, ...length }, agent: false, timeout: 20_000 },
      async (response) => {
        let text = "";
        for await (const part of response.setEncoding("utf8")) text += part;
        const { statusCode: status = 0, headers: received } = response;
        resolve({ url, status, headers: received, setCookies: received["set-cookie"] ?? [], body: text });
      },
    );
    sent.on("timeout", () => sent.destroy(new Error(`no answer from ${url} within 20 s`)));
    sent.on("error", reject);
    sent.end(body);
  });

const navigation = {
  accept: "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
  "sec-fetch-dest": "document",
  "sec-fetch-mode": "navigate",
  "sec-fetch-site": "same-origin",
};
const script = { accept: "*/*", "sec-fetch-dest": "empty", "sec-fetch-mode": "cors", "sec-fetch-site": "same-origin" };

/** A browser as far as cookies and headers go: what it receives can be looked at line by line. */
export interface Client {
  /** Goes to a page. Redirects are not followed. */
  open(url: string, asking?: Asking): Promise<Answer>;
  /** Calls an address from a script. */
  fetch(url: string, asking?: Asking): Promise<Answer>;
  /** Submits a form. */
  submit(url: string, fields: Record<string, string>): Promise<Answer>;
  /** Follows redirects to the page where they end. */
  follow(from: Answer): Promise<Answer>;
  /** The Cookie header for a URL. */
  cookies(url: string): string;
}

export function createClient(): Client {
  const jar = createCookieJar();
  const send = async (url: string, { headers = {}, ...rest }: Asking, kind: Record<string, string>) => {
    const cookie = [headers["cookie"], jar.header(url)].filter(Boolean).join("; ");
    const answer = await ask(url, { ...rest, headers: { ...kind, ...headers, ...(cookie && { cookie }) } });
    jar.store(answer.setCookies, url);
    return answer;
  };
  const client: Client = {
    open: (url, asking = {}) => send(url, asking, navigation),
    fetch: (url, asking = {}) => send(url, asking, script),
    submit: (url, fields) =>
      client.open(url, {
        method: "POST",
        headers: { origin: new URL(url).origin, "content-type": "application/x-www-form-urlencoded" },
        body: new URLSearchParams(fields).toString(),
      }),
    async follow(from) {
      let answer = from;
      for (let hops = 0; hops < 10; hops++) {
        const to = locationOf(answer);
        if (!to) return answer;
        answer = await client.open(to);
      }
      throw new Error(`redirects without end at ${answer.url}`);
    },
    cookies: (url) => jar.header(url),
  };
  return client;
}

/** Where an answer redirects to. */
export const locationOf = ({ url, status, headers: { location } }: Answer): string | undefined =>
  status >= 300 && status < 400 && location !== undefined ? new URL(location, url).href : undefined;

/** Fills in the provider's forms, from the answer that sends the browser there. @returns the page where it ends */
export async function answerProvider(client: Client, from: Answer, name = "ada"): Promise<Answer> {
  const form = await client.follow(from);
  const consent = await client.follow(await client.submit(form.url, { name, password: "demo" }));
  return client.follow(await client.submit(consent.url, { action: "allow" }));
}

/** Someone who has signed in. */
export async function signedIn({ base }: World, name = "ada", mount = "/auth", page = "/static"): Promise<Client> {
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

/** What a fixture's page printed as JSON. */
export function printed({ url, status, body }: Answer): unknown {
  const [, text] = /<pre[^>]*>([\w.!~*'()%-]+)<\/pre>/.exec(body) ?? [];
  if (text === undefined) throw new Error(`${url} printed nothing (${status})`);
  return JSON.parse(decodeURIComponent(text));
}

/** Whether a Set-Cookie line is one of ours. */
export const isOurs = (line: string): boolean => /^(__Host-)?latchkey\./.test(line);
