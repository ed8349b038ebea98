import type { Awaitable } from "../../core/awaitable.js";
import { must } from "../../core/errors.js";
import { isText } from "../../core/provider/claims.js";
import type { ClientAssertion } from "../../core/provider/client-authentication.js";

/**
 * A client's secret that a function gives for each request, such as one that a vault renews: the value of `clientAuthentication`. The
 * secret is sent in the form of the request (`client_secret_post`).
 *
 * @example
 * ```ts
 * import { readFile } from "node:fs/promises";
 * import express from "express";
 * import { auth } from "latchkey/express";
 * import { clientSecretFrom } from "latchkey/providers";
 *
 * const secret = clientSecretFrom(async () => (await readFile("/run/secrets/client", "utf8")).trim());
 * const app = express();
 * app.use(auth({ clientAuthentication: secret }));
 * ```
 * @param read is called for each request; an error that it throws ends the request
 */
export const clientSecretFrom = (read: () => Awaitable<string>): ClientAssertion => ({
  check: () => must(typeof read === "function", "clientSecretFrom takes a function that returns the secret"),
  async addTo(form) {
    const secret = await read();
    must(isText(secret), "clientSecretFrom: the function returned no secret");
    form.set("client_secret", secret);
  },
});
