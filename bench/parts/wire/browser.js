import { createCookieJar } from "../../../dist/testing.js";

export const ORIGIN = "https://app.example";
const FORM = { "content-type": "application/x-www-form-urlencoded" };

/** The bytes of header lines as they are sent: name, value and end of line. */
const onTheWire = (lines) => lines.reduce((sum, line) => sum + Buffer.byteLength(`Set-Cookie: ${line}\r\n`), 0);

/**
 * An app whose session a library stores.
 * @typedef {object} App
 * @property {(request: Request) => Promise<Response>} handle `/` returns the `sub` of the signed-in user
 * @property {{ path: string, form?: string }} [signIn] where a sign-in begins; the response signs in, or redirects to the provider
 * @property {(index: number) => string} [pathOf] the path of the request with this number. Default: always `/`
 * @property {() => unknown} [close]
 */

/** @param {App} app */
export function createBrowser({ handle, signIn = { path: "/sign-in" }, pathOf = () => "/" }, provider) {
  const jar = createCookieJar();

  /** Sends a request. Returns the response, and the bytes of cookies in both directions. */
  async function send(url, form) {
    const cookie = jar.header(url);
    const init = form === undefined ? {} : { method: "POST", body: form };
    const headers = { ...(form === undefined ? {} : FORM), ...(cookie && { cookie }), origin: ORIGIN };
    const response = await handle(new Request(url, { ...init, headers }));
    jar.store(response, url);
    return {
      response,
      sent: cookie.length,
      set: onTheWire(response.headers.getSetCookie()),
      body: await response.text(),
    };
  }

  /** The URL to which the app redirects the browser: in a Location header, or in the JSON that a script gets. */
  const targetOf = ({ response, body }) => response.headers.get("location") ?? JSON.parse(body).url;

  return {
    /** Signs in. @returns the bytes of Set-Cookie in the response that signed in, and the browser's cookies */
    async signIn() {
      let result = await send(ORIGIN + signIn.path, signIn.form);
      if (!result.response.ok || result.body.includes("/authorize?")) {
        const back = provider.authorize(targetOf(result));
        result = await send(back.url, back.form);
      }
      if (result.response.status >= 400) throw new Error(`${result.response.status} ${result.body}`);
      const header = jar.header(`${ORIGIN}/`);
      return { set: result.set, sent: header.length, cookies: header.split("; ").length };
    },
    /** Makes the request with this number. @throws if no user is signed in */
    async visit(index, sub) {
      const { sent, set, body } = await send(ORIGIN + pathOf(index));
      if (!body.includes(sub)) throw new Error(`No user is signed in at request ${index}: ${body.slice(0, 200)}`);
      return { sent, set };
    },
  };
}
