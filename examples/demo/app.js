import { randomBytes } from "node:crypto";
import express from "express";
import { auth, requireSession } from "latchkey/express";
import { measure } from "./cookies.js";
import { page, policy } from "./page.js";

/** The limits of the demo's sessions, in seconds: short, so that one can watch them run out. */
export const limits = { inactivityDuration: 600, absoluteDuration: 3600, rollAfter: 15, maxCookieBytes: 7600 };

/**
 * @typedef {object} AppOptions
 * @property {string} baseUrl where the browser finds this app
 * @property {string} issuer
 * @property {string} api the origin of the protected API; access tokens are asked for it and go nowhere else
 * @property {string} clientId
 * @property {string} clientSecret
 * @property {string} secret what cookies are sealed with: 32 bytes or more
 * @property {(event: any) => void} [onEvent]
 * @property {Partial<typeof limits>} [session]
 */

/** Keeps the last events for the page. They hold no tokens and no secrets. @param {(event: any) => void} onEvent */
function createLog(onEvent) {
  /** @type {any[]} */
  const events = [];
  const record = (/** @type {any} */ event) => {
    events.push(event);
    if (events.length > 200) events.shift();
    onEvent(event);
  };
  return { events, record };
}

/** SameSite=Lax keeps other sites out; this keeps other origins of the same site out, such as the next port. */
const sameOrigin = (/** @type {any} */ req, /** @type {any} */ res, /** @type {() => void} */ next) => {
  const site = req.get("sec-fetch-site");
  if (site === undefined || site === "same-origin") next();
  else res.status(403).json({ error: "cross_origin" });
};

/** What the demo's app does with a session: show it, call an API with it, refresh its tokens. @param {any} app @param {string} api */
function addRoutes(app, api) {
  app.get("/api/shows", requireSession(), async (/** @type {any} */ req, /** @type {any} */ res) => {
    const answer = await req.auth.fetch(`${api}/shows`);
    if (!answer.ok) return res.status(502).json({ error: "api", status: answer.status });
    await req.auth.update({ calls: (req.auth.session.data?.calls ?? 0) + 1 });
    res.json(await answer.json());
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
export function createApp({ baseUrl, issuer, api, clientId, clientSecret, secret, onEvent = () => {}, session = {} }) {
  const log = createLog(onEvent);
  const duration = { ...limits, ...session };
  const app = express();
  app.disable("x-powered-by");
  app.use(
    auth({
      issuer,
      clientId,
      clientSecret,
      secret,
      baseUrl,
      mount: "/auth",
      scope: "openid profile email offline_access read:shows",
      // The provider gives a refresh token only after consent, and an access token only for the API that is named.
      authorizationParams: { resource: api, prompt: "consent" },
      apiOrigins: [api],
      onEvent: log.record,
      session: duration,
    }),
  );

  /** @param {any} req @param {any} res @param {number} status @param {string} [problem] */
  const show = (req, res, status, problem) => {
    const nonce = randomBytes(16).toString("base64");
    const cookies = measure(req.headers.cookie);
    res.status(status).set({ "content-security-policy": policy(nonce, issuer), "referrer-policy": "same-origin" });
    res.type("html").send(
      page({
        session: req.auth?.session ?? null,
        cookies,
        limits: duration,
        events: log.events,
        nonce,
        problem,
        now: Date.now(),
      }),
    );
  };

  app.get("/", (/** @type {any} */ req, /** @type {any} */ res) => show(req, res, 200));
  addRoutes(app, api);
  app.use((/** @type {any} */ req, /** @type {any} */ res) => show(req, res, 404, "There is no such page."));
  // Express knows an error handler by its four parameters. Latchkey's errors carry a stable code and an HTTP status.
  app.use((/** @type {any} */ error, /** @type {any} */ req, /** @type {any} */ res, /** @type {any} */ _next) => {
    const { status = 500, code = "internal" } = error;
    if (status === 500) console.error(error);
    if (req.accepts(["json", "html"]) === "html") show(req, res, status, `That did not work: ${code}.`);
    else res.status(status).json({ error: code });
  });
  return app;
}
