import { request } from "node:http";

/**
 * @typedef {object} BrowserResponse
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
 * @property {number} end milliseconds since the epoch
 */

/** RFC 6265 5.1.4. @param {string} path @param {string} cookiePath */
const pathMatches = (path, cookiePath) =>
  path === cookiePath || path.startsWith(cookiePath.endsWith("/") ? cookiePath : `${cookiePath}/`);

/**
 * Parses a Set-Cookie line, as far as two loopback hosts need it: without Domain and Secure.
 * @param {string} line @param {URL} url @param {number} now
 * @returns {Cookie}
 */
function parse(line, url, now) {
  const [pair = "", ...attributeTexts] = line.split(/; */);
  const equals = pair.indexOf("=");
  const attributes = new Map(
    attributeTexts.map((attribute) => {
      const [name = "", value = ""] = attribute.split("=");
      return [name.toLowerCase(), value];
    }),
  );
  const path = attributes.get("path") || url.pathname.slice(0, Math.max(1, url.pathname.lastIndexOf("/")));
  const [maxAge, expires] = [attributes.get("max-age"), attributes.get("expires")];
  const end = maxAge !== undefined ? now + Number(maxAge) * 1000 : expires ? Date.parse(expires) : Infinity;
  return { host: url.hostname, name: pair.slice(0, equals), value: pair.slice(equals + 1), path, end };
}

/** The cookies of every host, whatever its port (RFC 6265 8.5). @param {() => number} now */
function createJar(now) {
  /** @type {Cookie[]} */
  let cookies = [];
  return {
    /** @param {URL} url @param {string[]} lines */
    store(url, lines) {
      for (const line of lines) {
        const cookie = parse(line, url, now());
        const isReplaced = (/** @type {Cookie} */ other) =>
          other.host === cookie.host && other.name === cookie.name && other.path === cookie.path;
        cookies = [...cookies.filter((other) => !isReplaced(other)), cookie];
      }
    },
    /** The Cookie header for a URL. @param {URL} url */
    header: (url) =>
      cookies
        .filter(({ host, path, end }) => host === url.hostname && pathMatches(url.pathname, path) && end > now())
        .map(({ name, value }) => `${name}=${value}`)
        .join("; "),
  };
}

/** @param {URL} url @param {string} method @param {Record<string, string>} headers @param {string} [body] @returns {Promise<BrowserResponse>} */
const sendRequest = (url, method, headers, body) =>
  new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers, agent: false, timeout: 10_000 }, async (response) => {
      let text = "";
      for await (const part of response.setEncoding("utf8")) text += part;
      const { statusCode: status = 0, headers: received } = response;
      resolve({ url, status, headers: received, setCookies: received["set-cookie"] ?? [], body: text });
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error(`no response from ${url.origin} within 10 s`)));
    outgoing.on("error", reject);
    outgoing.end(body);
  });

/**
 * The part of a browser that a sign-in needs: cookies by host and path, the request headers of navigations and fetches, and
 * forms. It does not follow redirects: the caller does, so that it can check each one.
 * @param {() => number} [now] the clock by which cookies end
 */
export function createBrowser(now = Date.now) {
  const jar = createJar(now);

  /** @param {string | URL} to @param {{ method?: string, headers?: Record<string, string>, body?: string }} [init] */
  const send = async (to, { method = "GET", headers = {}, body } = {}) => {
    const url = new URL(to);
    const cookie = jar.header(url);
    const allHeaders = { ...headers, ...(cookie && { cookie }), ...(body && { "content-length": `${body.length}` }) };
    const response = await sendRequest(url, method, allHeaders, body);
    jar.store(url, response.setCookies);
    return response;
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

    /** Navigates to a page, as a click or a redirect does. @param {string | URL} url @param {string} [site] Sec-Fetch-Site */
    open: (url, site = "none") => send(url, { headers: { ...navigation, "sec-fetch-site": site } }),

    /** Posts a form from a page of the same origin. @param {string | URL} url @param {Record<string, string>} [fields] */
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

    /** Fetches a URL from a script of the same origin. @param {string | URL} url @param {string} [method] */
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

/** The URL that a response redirects to; undefined if it does not redirect. @param {BrowserResponse} response */
export function location({ url, status, headers }) {
  if (![302, 303, 307].includes(status) || !headers.location) return undefined;
  return new URL(headers.location, url);
}
