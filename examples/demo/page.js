import { duration, lastRun, size, summarize, words } from "./format.js";
import { html, raw } from "./html.js";
import { script } from "./page-script.js";
import { style } from "./page-style.js";

/**
 * @typedef {object} View
 * @property {any} session `req.auth.session`
 * @property {ReturnType<typeof import("./cookies.js").measureCookies>} cookies
 * @property {{ inactivityDuration: number, absoluteDuration: number, rollAfter: number, maxCookieBytes: number }} limits
 * @property {any[]} events
 * @property {string} nonce
 * @property {string | undefined} problem
 * @property {number} now
 */

/**
 * The page's Content-Security-Policy: only its own script and style sheet. The provider's origin is a form target too,
 * because the sign-out form redirects there.
 * @param {string} nonce @param {string} issuer
 */
export const policy = (nonce, issuer) =>
  `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'; connect-src 'self'; img-src data:; ` +
  `form-action 'self' ${new URL(issuer).origin}; base-uri 'none'; frame-ancestors 'none'`;

const key = raw(`<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round"
stroke-linejoin="round" aria-hidden="true"><circle cx="7.5" cy="16.5" r="4.5"/><path d="M10.8 13.2 21 3M16.5 7.5l3 3M13.5 10.5l2 2"/></svg>`);

// An SVG, because some fonts have no arrow.
const arrow = raw(`<svg class="arrow" viewBox="0 0 20 10" fill="none" stroke="currentColor" stroke-width="1.5"
role="img" aria-label="to"><path d="M1 5h17M14 1l4 4-4 4"/></svg>`);

/** @param {number} at */
const time = (at) =>
  html`<time datetime="${new Date(at).toISOString()}">${new Date(at).toLocaleTimeString("en-GB")}</time>`;

/** @param {number} ms */
const clock = (ms) => `${Math.floor(ms / 60_000)}:${String(Math.floor(ms / 1000) % 60).padStart(2, "0")}`;

/** @param {string} name */
const initials = (name) =>
  name
    .split(/\s+/)
    .map((word) => word.charAt(0))
    .slice(0, 2)
    .join("")
    .toUpperCase();

/** @param {any} session */
const identity = ({ user, data, beganAt }) => html`<section class="card user">
<span class="avatar" aria-hidden="true">${initials(user.name ?? user.sub)}</span>
<div>
<h1 id="name">${user.name ?? user.sub}</h1>
<p>${user.email}</p>
<p>Signed in at ${time(beganAt)}${data?.calls && html`, ${data.calls} ${data.calls === 1 ? "call" : "calls"} to the API since`}</p>
</div>
<div class="actions">
<form method="get" action="/api/shows" data-inline><button class="button main" id="call">Call the API</button></form>
<form method="post" action="/refresh" data-inline><button class="button" id="refresh">Refresh tokens</button></form>
<form method="post" action="/auth/logout"><button class="button" id="sign-out">Sign out</button></form>
</div>
</section>`;

const welcome = html`<section class="card welcome">
<h1>You are not signed in</h1>
<p>Sign in with the demo’s own OpenID Provider. Your session will be stored in this browser’s cookies, encrypted, and
nowhere else.</p>
<a class="button main" id="sign-in" href="/auth/login?returnTo=/">Sign in</a>
</section>`;

/** @param {string} kind @param {string} name @param {string} hint @param {number} endsAt @param {number} seconds @param {number} now */
const limit = (kind, name, hint, endsAt, seconds, now) => html`<div class="limit ${kind}">
<div><b>${name}</b> <output>${clock(endsAt - now)}</output></div>
<progress max="${seconds}" value="${(endsAt - now) / 1000}" data-ends="${endsAt}" aria-label="${name}: time left"></progress>
<small>${hint}</small>
</div>`;

/** @param {View} view */
const timeLeft = ({ session, limits, now }) => html`<section class="card" data-now="${now}">
<h2>Time left</h2>
${
  Number.isFinite(session.inactiveAt) &&
  limit(
    "inactivity",
    "Inactivity",
    `of ${clock(limits.inactivityDuration * 1000)}; restarts when you use the page, at most every ${limits.rollAfter} s`,
    session.inactiveAt,
    limits.inactivityDuration,
    now,
  )
}
${limit("absolute", "Absolute", `of ${clock(limits.absoluteDuration * 1000)}; activity does not extend it`, session.endsAt, limits.absoluteDuration, now)}
</section>`;

/** The content of each kind of cookie. @type {Record<string, string>} */
const cookieContents = {
  id: "the user, and the app’s data",
  tok: "the tokens",
  seen: "the time of your last activity",
  end: "the time of your last sign-out",
  tx: "a sign-in in progress",
};

/** @param {View} view */
const cookieCard = ({ cookies, limits }) => {
  const parts = Object.keys(cookieContents).flatMap((kind) => {
    const entry = cookies.kinds[kind];
    return entry ? [{ kind, ...entry }] : [];
  });
  let x = 0;
  const rects = parts.map(({ kind, bytes }) => {
    x += bytes;
    return html`<rect class="${kind}" x="${x - bytes}" width="${bytes}" height="10"/>`;
  });
  return html`<section class="card">
<h2>Cookie size</h2>
<div class="cookie-size"><output id="bytes">${cookies.bytes.toLocaleString("en")}</output>
<span>of at most ${limits.maxCookieBytes.toLocaleString("en")} bytes, ${Math.round((cookies.bytes / limits.maxCookieBytes) * 100)} %</span></div>
<svg class="stack" viewBox="0 0 ${limits.maxCookieBytes} 10" preserveAspectRatio="none" aria-hidden="true">${rects}</svg>
<dl>${parts.map(
    ({ kind, bytes, cookies: count }) =>
      html`<div><dt><i class="${kind}"></i>${kind}</dt><dd>${cookieContents[kind]}</dd><dd>${size(bytes)}${count > 1 && ` in ${count}`}</dd></div>`,
  )}</dl>
${parts.length === 0 && html`<p class="note">Your browser sent no latchkey cookie.</p>`}
</section>`;
};

/** @param {any[]} events */
const eventCard = (events) => html`<section class="card side">
<h2>Last events</h2>
<ol class="events">${summarize(events, 9).map(
  ({ at, title, to, detail, type, times }) =>
    html`<li class="${type}">${time(at)}<div>${title}${to && html`${arrow}${to}`}${times > 1 && ` × ${times}`}${detail && html`<small>${detail}</small>`}</div></li>`,
)}</ol>
</section>`;

/** @param {any[]} run */
const rail = (run) => html`<ol class="rail">
<li>${words(run[0].from)}</li>
${run.map(
  ({ to, event, at }, index) =>
    html`<li class="${to}">${words(to)}<small>${words(event)}</small>${index > 0 && html`<small>${duration(at - run[index - 1].at)}</small>`}</li>`,
)}
</ol>`;

/** @param {any[]} events */
const machines = (events) => {
  const exchange = lastRun(events, "exchange");
  const token = lastRun(events, "token");
  return html`${exchange.length > 0 && html`<section class="card wide"><h2>The last sign-in, state by state</h2>${rail(exchange)}</section>`}
${token.length > 0 && html`<section class="card wide"><h2>The last refresh</h2>${rail(token)}</section>`}`;
};

/** The demo's page as HTML. @param {View} view */
export const page = (view) =>
  String(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${view.session ? (view.session.user.name ?? view.session.user.sub) : "Signed out"} · latchkey demo</title>
<link rel="icon" href="data:,">
<style nonce="${view.nonce}">${raw(style)}</style>
</head>
<body>
<div class="wrap">
<header>${key}<strong>latchkey</strong><small>demo</small>
<span class="pill ${view.session ? "in" : "out"}" data-live>${view.session ? "signed in" : "signed out"}</span></header>
<main>
<div data-live>
${view.problem && html`<div class="card problem" role="alert">${view.problem}</div>`}
${view.session ? identity(view.session) : welcome}
</div>
<div class="result" aria-live="polite"></div>
<div class="grid ${view.session ? "in" : "out"}" data-live>
${view.session && html`${timeLeft(view)}${eventCard(view.events)}${cookieCard(view)}`}
${!view.session && view.events.length > 0 && html`${eventCard(view.events)}${cookieCard(view)}`}
${machines(view.events)}
</div>
</main>
<footer>The provider, the API and the app run on your machine. Press Ctrl+C in the terminal to stop them.</footer>
</div>
<script nonce="${view.nonce}">${raw(script)}</script>
</body>
</html>
`);
