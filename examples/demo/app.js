import { randomBytes } from "node:crypto";
import express from "express";
import { auth, requireSession } from "latchkey/express";
import { measureCookies } from "./cookies.js";
import { page, policy } from "./page.js";

/** The limits of the demo's sessions, in seconds (bytes for `maxCookieBytes`). They are short, so that you can watch a session expire. */
export const limits = { inactivityDuration: 600, absoluteDuration: 3600, rollAfter: 15, maxCookieBytes: 7600 };

/**
 * @typedef {object} AppOptions
 * @property {string} baseUrl the app's origin, as the browser sees it
 * @property {string} issuer
 * @property {string} api the origin of the protected API: the only one that receives the access token
 * @property {string} clientId
 * @property {string} clientSecret
 * @property {string} secret seals the cookies: 32 bytes or more
 * @property {ReturnType<typeof createLog>} log
 * @property {Partial<typeof limits>} [session]
 */

/** Keeps the last 200 events for the page. Events contain no tokens and no secrets. @param {(event: any) => void} onEvent */
export function createLog(onEvent) {
  /** @type {any[]} */
  const events = [];
  const record = (/** @type {any} */ event) => {
    events.push(event);
    if (events.length > 200) events.shift();
    onEvent(event);
  };
  const clear = () => {
    events.length = 0;
  };
  return { events, record, clear };
}

/**
 * Redirects from "localhost" to the app's address: the cookies of a sign-in that began at the one are not sent to the other.
 * @param {string} baseUrl
 */
const atBaseUrl = (baseUrl) => (/** @type {any} */ req, /** @type {any} */ res, /** @type {() => void} */ next) => {
  if (req.get("host") === new URL(baseUrl).host) next();
  else res.redirect(307, baseUrl + req.url);
};

/** SameSite=Lax blocks requests from other sites. This blocks other origins of the same site too, such as another port. */
const sameOrigin = (/** @type {any} */ req, /** @type {any} */ res, /** @type {() => void} */ next) => {
  const site = req.get("sec-fetch-site");
  if (site === undefined || site === "same-origin") next();
  else res.status(403).json({ error: "cross_origin" });
};

/** The routes that use the session: call the API, refresh the tokens. @param {any} app @param {string} api */
function addRoutes(app, api) {
  app.get("/api/shows", requireSession(), async (/** @type {any} */ req, /** @type {any} */ res) => {
    const response = await req.auth.fetch(`${api}/shows`);
    if (!response.ok) return res.status(502).json({ error: "api", status: response.status });
    await req.auth.update({ calls: (req.auth.session.data.calls ?? 0) + 1 });
    res.json(await response.json());
  });

  app.post("/refresh", sameOrigin, requireSession(), async (/** @type {any} */ req, /** @type {any} */ res) => {
    await req.auth.getAccessToken({ refresh: true });
    if (req.accepts(["json", "html"]) === "html") res.redirect(303, "/");
    else res.json({ refreshed: true });
  });
}

/**
 * The demo's Express app.
 * @param {AppOptions} options
 */
export function createApp({ baseUrl, issuer, api, clientId, clientSecret, secret, log, session = {} }) {
  const sessionLimits = { ...limits, ...session };
  const app = express();
  app.disable("x-powered-by");
  app.use(atBaseUrl(baseUrl));
  app.use(
    auth({
      issuer,
      clientId,
      clientSecret,
      secret,
      baseUrl,
      mount: "/auth",
      scope: "openid profile email offline_access read:shows",
      // The provider issues a refresh token only after consent, and an access token for the API only if `resource` names it.
      authorizationParams: { resource: api, prompt: "consent" },
      apiOrigins: [api],
      onEvent: log.record,
      session: sessionLimits,
    }),
  );

  /** @param {any} req @param {any} res @param {number} status @param {string} [problem] */
  const show = (req, res, status, problem) => {
    const nonce = randomBytes(16).toString("base64");
    const cookies = measureCookies(req.headers.cookie);
    res.status(status).set({ "content-security-policy": policy(nonce, issuer), "referrer-policy": "same-origin" });
    res.type("html").send(
      page({
        session: req.auth?.session ?? null,
        cookies,
        limits: sessionLimits,
        events: log.events,
        nonce,
        problem,
        now: Date.now(),
      }),
    );
  };

  app.get("/", (/** @type {any} */ req, /** @type {any} */ res) => show(req, res, 200));
  addRoutes(app, api);
  app.use((/** @type {any} */ req, /** @type {any} */ res) => show(req, res, 404, "This page does not exist."));
  // Express recognizes an error handler by its four parameters. latchkey's errors have a stable code and an HTTP status.
  app.use((/** @type {any} */ error, /** @type {any} */ req, /** @type {any} */ res, /** @type {any} */ _next) => {
    const { status = 500, code = "internal" } = error;
    if (status === 500) console.error(error);
    if (req.accepts(["json", "html"]) === "html") show(req, res, status, `Something went wrong: ${code}.`);
    else res.status(status).json({ error: code });
  });
  return app;
}
