import { request } from "node:http";

/**
 * @typedef {object} Answer
 * @property {URL} url
 * @property {number} status
 * @property {import("node:http").IncomingHttpHeaders} headers
 * @property {string[]} setCookies
 * @property {string} body
 */

/**
 * @typedef {object} Cookie
 * @property {string} host
 * @property {string} name
 * @property {string} value
 * @property {string} path
 */

/** RFC 6265 5.1.4. @param {string} path @param {string} cookiePath */
const pathMatches = (path, cookiePath) =>
  path === cookiePath || path.startsWith(cookiePath.endsWith("/") ? cookiePath : `${cookiePath}/`);

/**
 * A Set-Cookie line taken apart, as far as two loopback hosts need it: no Domain, and plain http.
 * @param {string} line @param {URL} url
 */
function parse(line, url) {
  const [pair = "", ...rest] = line.split(/; */);
  const at = pair.indexOf("=");
  const attributes = new Map(
    rest.map((attribute) => {
      const [name = "", value = ""] = attribute.split("=");
      return [name.toLowerCase(), value];
    }),
  );
  const path = attributes.get("path") || url.pathname.slice(0, Math.max(1, url.pathname.lastIndexOf("/")));
  const maxAge = attributes.get("max-age");
  const over = maxAge === undefined ? Date.parse(attributes.get("expires") ?? "") <= Date.now() : Number(maxAge) <= 0;
  return { over, cookie: { host: url.hostname, name: pair.slice(0, at), value: pair.slice(at + 1), path } };
}

/** The cookies of every host; ports do not matter (RFC 6265 8.5). */
function createJar() {
  /** @type {Cookie[]} */
  let cookies = [];
  return {
    /** @param {URL} url @param {string[]} lines */
    take(url, lines) {
      for (const line of lines) {
        const { over, cookie } = parse(line, url);
        const same = (/** @type {Cookie} */ other) =>
          other.host === cookie.host && other.name === cookie.name && other.path === cookie.path;
        cookies = cookies.filter((other) => !same(other));
        if (!over) cookies.push(cookie);
      }
    },
    /** The Cookie header for a URL. @param {URL} url */
    header: (url) =>
      cookies
        .filter(({ host, path }) => host === url.hostname && pathMatches(url.pathname, path))
        .map(({ name, value }) => `${name}=${value}`)
        .join("; "),
  };
}

/** @param {URL} url @param {string} method @param {Record<string, string>} headers @param {string} [body] @returns {Promise<Answer>} */
const exchange = (url, method, headers, body) =>
  new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false, timeout: 10_000 }, async (response) => {
      let text = "";
      for await (const part of response.setEncoding("utf8")) text += part;
      const { statusCode: status = 0, headers: received } = response;
      resolve({ url, status, headers: received, setCookies: received["set-cookie"] ?? [], body: text });
    });
    sent.on("timeout", () => sent.destroy(new Error(`no answer from ${url.origin} within 10 s`)));
    sent.on("error", reject);
    sent.end(body);
  });

/**
 * The part of a browser that a sign-in needs: cookies by host and path, the headers of navigations and of fetches, forms.
 * Redirects are followed one by one, by the caller, who wants to look at each.
 */
export function createBrowser() {
  const jar = createJar();

  /** @param {string | URL} to @param {{ method?: string, headers?: Record<string, string>, body?: string }} [init] */
  const send = async (to, { method = "GET", headers = {}, body } = {}) => {
    const url = new URL(to);
    const cookie = jar.header(url);
    const all = { ...headers, ...(cookie && { cookie }), ...(body && { "content-length": `${body.length}` }) };
    const answer = await exchange(url, method, all, body);
    jar.take(url, answer.setCookies);
    return answer;
  };

  const navigation = {
    accept: "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
    "sec-fetch-dest": "document",
    "sec-fetch-mode": "navigate",
    "sec-fetch-user": "?1",
  };

  return {
    /** The Cookie header that a request to this URL would carry. @param {string} url */
    cookies: (url) => jar.header(new URL(url)),

    /** Goes to a page, as by a click or by a redirect. @param {string | URL} url @param {string} [site] Sec-Fetch-Site */
    open: (url, site = "none") => send(url, { headers: { ...navigation, "sec-fetch-site": site } }),

    /** Submits a form of the page it is on. @param {string | URL} url @param {Record<string, string>} [fields] */
    submit: (url, fields = {}) =>
      send(url, {
        method: "POST",
        headers: {
          ...navigation,
          "sec-fetch-site": "same-origin",
          origin: new URL(url).origin,
          "content-type": "application/x-www-form-urlencoded",
        },
        body: new URLSearchParams(fields).toString(),
      }),

    /** Calls an address from a script of the same origin. @param {string | URL} url @param {string} [method] */
    fetch: (url, method = "GET") =>
      send(url, {
        method,
        headers: {
          accept: "application/json",
          "sec-fetch-dest": "empty",
          "sec-fetch-mode": "cors",
          "sec-fetch-site": "same-origin",
          ...(method !== "GET" && { origin: new URL(url).origin }),
        },
      }),
  };
}

/** Where an answer redirects to. @param {Answer} answer */
export function location({ url, status, headers }) {
  if (![302, 303, 307].includes(status) || !headers.location) return undefined;
  return new URL(headers.location, url);
}
