import { createCookieJar } from "../../../dist/testing.js";

export const ORIGIN = "https://app.example";
const FORM = { "content-type": "application/x-www-form-urlencoded" };

/** A header line as it is sent: its name, its value and the end of the line. */
const onTheWire = (lines) => lines.reduce((sum, line) => sum + Buffer.byteLength(`Set-Cookie: ${line}\r\n`), 0);

/**
 * An app that keeps its session with a library, and a browser in front of it.
 * @typedef {object} App
 * @property {(request: Request) => Promise<Response>} handle `/` answers with the `sub` of who is signed in
 * @property {{ path: string, form?: string }} [signIn] where a sign-in begins; its answer signs in, or leads to the provider
 * @property {(index: number) => string} [pathOf] what the request of this number asks for. Default: always `/`
 * @property {() => unknown} [close]
 */

/** @param {App} app */
export function createBrowser({ handle, signIn = { path: "/sign-in" }, pathOf = () => "/" }, provider) {
  const jar = createCookieJar();

  /** What is asked, and everything that was sent for it. */
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

  /** Where the app sends the browser: in a Location, or in the answer to a script. */
  const targetOf = ({ response, body }) => response.headers.get("location") ?? JSON.parse(body).url;

  return {
    /** Signs in. @returns bytes of Set-Cookie in the response that did, and what the browser keeps of it */
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
    /** The request of this number in a day. @throws when nobody is signed in */
    async visit(index, sub) {
      const { sent, set, body } = await ask(ORIGIN + pathOf(index));
      if (!body.includes(sub)) throw new Error(`Nobody is signed in at request ${index}: ${body.slice(0, 200)}`);
      return { sent, set };
    },
  };
}
