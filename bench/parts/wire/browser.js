import { createCookieJar } from "../../../dist/testing.js";

export const ORIGIN = "https://app.example";
const FORM = { "content-type": "application/x-www-form-urlencoded" };

/** The bytes of header lines as they are sent: name, value and end of line. */
const onTheWire = (lines) => lines.reduce((sum, line) => sum + Buffer.byteLength(`Set-Cookie: ${line}\r\n`), 0);

/**
 * An app that keeps its session with a library, and a browser in front of it.
 * @typedef {object} App
 * @property {(request: Request) => Promise<Response>} handle `/` returns the `sub` of the signed-in user
 * @property {{ path: string, form?: string }} [signIn] where a sign-in begins; the response signs in, or redirects to the provider
 * @property {(index: number) => string} [pathOf] the path of the request with this number. Default: always `/`
 * @property {() => unknown} [close]
 */

/** @param {App} app */
export function createBrowser({ handle, signIn = { path: "/sign-in" }, pathOf = () => "/" }, provider) {
  const jar = createCookieJar();

  /** A request, and all bytes that were sent for it. */
  async function ask(url, form) {
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

  /** The URL to which the app sends the browser: in a Location header, or in the response to a script. */
  const targetOf = ({ response, body }) => response.headers.get("location") ?? JSON.parse(body).url;

  return {
    /** Signs in. @returns the bytes of Set-Cookie in the response that signed in, and the browser's cookies */
    async signIn() {
      let answer = await ask(ORIGIN + signIn.path, signIn.form);
      if (!answer.response.ok || answer.body.includes("/authorize?")) {
        const back = provider.authorize(targetOf(answer));
        answer = await ask(back.url, back.form);
      }
      if (answer.response.status >= 400) throw new Error(`${answer.response.status} ${answer.body}`);
      const header = jar.header(`${ORIGIN}/`);
      return { set: answer.set, sent: header.length, cookies: header.split("; ").length };
    },
    /** Makes the request with this number. @throws if no user is signed in */
    async visit(index, sub) {
      const { sent, set, body } = await ask(ORIGIN + pathOf(index));
      if (!body.includes(sub)) throw new Error(`No user is signed in at request ${index}: ${body.slice(0, 200)}`);
      return { sent, set };
    },
  };
}
