import { submitForm } from "../demo/actions.js";
import { createBrowser } from "../demo/browser.js";

/** Signs in without a user, over HTTP, up to the callback of the client. @param {URL} nextUrl @param {string} issuer */
export async function signInBySelf(nextUrl, issuer) {
  const walk = /** @type {any} */ ({ world: { issuer }, browser: createBrowser(), nextUrl });
  await submitForm(walk, /<h1>Sign in<\/h1>/, { name: "ada", password: "demo", action: "sign-in" });
  await submitForm(walk, /<h1>Allow access\?<\/h1>/, { action: "allow" });
  // The provider redirects once more, to the callback of the client.
  for (let hops = 0; walk.nextUrl.origin === issuer && hops < 5; hops++) {
    const { headers } = await walk.browser.open(walk.nextUrl);
    walk.nextUrl = new URL(headers.location, walk.nextUrl);
  }
  await fetch(walk.nextUrl);
}
