import { randomBytes } from "node:crypto";
import { password, suggestedUsers } from "./accounts.js";
import { html, raw } from "./html.js";

const style = `
:root { color-scheme: light dark; --paper: #f3f1ec; --card: #fffefb; --ink: #22201c; --soft: #6e685e; --line: #ddd8cd;
  --accent: #2f5d50; --on-accent: #fff; --bad: #a5322a; }
@media (prefers-color-scheme: dark) { :root { --paper: #171613; --card: #211f1b; --ink: #ece7dc; --soft: #a59d8f;
  --line: #39352e; --accent: #8cc5b3; --on-accent: #10201b; --bad: #f0877e; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 24px; background: var(--paper);
  color: var(--ink); font: 16px/1.5 Georgia, "Times New Roman", serif; }
main { width: 100%; max-width: 400px; background: var(--card); border: 1px solid var(--line); border-radius: 6px;
  padding: 36px 32px 28px; }
.brand { display: flex; align-items: center; gap: 10px; color: var(--soft); font-size: 14px; margin: 0 0 26px; }
.brand svg { width: 22px; height: 22px; color: var(--accent); }
h1 { font-size: 25px; font-weight: 500; line-height: 1.25; margin: 0 0 6px; }
p { margin: 0 0 20px; color: var(--soft); }
label { display: block; font-size: 14px; margin: 0 0 14px; }
input { display: block; width: 100%; margin-top: 5px; padding: 10px 12px; font: inherit; color: inherit;
  background: var(--paper); border: 1px solid var(--line); border-radius: 4px; }
.buttons { display: flex; flex-direction: row-reverse; gap: 10px; margin-top: 22px; }
button { flex: 1; padding: 11px 14px; font: inherit; border-radius: 4px; cursor: pointer; border: 1px solid var(--line);
  background: none; color: inherit; }
button.main { background: var(--accent); border-color: var(--accent); color: var(--on-accent); flex: 2; }
:is(button, input):focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
h1 + ul { margin-top: 18px; }
ul { margin: 0 0 20px; padding: 0; list-style: none; border-top: 1px solid var(--line); }
li { padding: 10px 0; border-bottom: 1px solid var(--line); }
li small { display: block; color: var(--soft); font-size: 13.5px; }
.problem { color: var(--bad); margin: 0 0 16px; }
code { font: 0.88em ui-monospace, Menlo, Consolas, monospace; }
footer { margin-top: 24px; font-size: 13.5px; color: var(--soft); }`;

const gate = raw(`<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.6" aria-hidden="true">
<path d="M3 21V9l9-6 9 6v12M3 21h18M8 21v-8a4 4 0 0 1 8 0v8M12 9v12"/></svg>`);

/** @param {string} title @param {unknown} content @param {string} nonce */
const page = (title, content, nonce) => html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Gatehouse</title>
<style nonce="${nonce}">${raw(style)}</style>
</head>
<body>
<main>
<div class="brand">${gate} Gatehouse, the demo’s OpenID Provider</div>
${content}
</main>
</body>
</html>
`;

// No form-action: Chromium applies it also to the redirects after a form, and those lead back to the app.
/** @param {string} nonce */
const policy = (nonce) => `default-src 'none'; style-src 'nonce-${nonce}'; base-uri 'none'; frame-ancestors 'none'`;

/** @param {import("node:http").ServerResponse} response @param {number} status @param {string} title @param {unknown} content */
function send(response, status, title, content) {
  const nonce = randomBytes(16).toString("base64");
  response.writeHead(status, {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy": policy(nonce),
    "referrer-policy": "no-referrer",
  });
  response.end(String(page(title, content, nonce)));
}

/** Like `send`, for the pages that oidc-provider renders in its Koa context. @param {any} ctx @param {string} title @param {unknown} content */
function sendKoa(ctx, title, content) {
  const nonce = randomBytes(16).toString("base64");
  ctx.type = "html";
  ctx.set("content-security-policy", policy(nonce));
  ctx.body = String(page(title, content, nonce));
}

/** @param {string | undefined} problem */
const problemLine = (problem) => problem && html`<p class="problem" role="alert">${problem}</p>`;

/**
 * The sign-in form.
 * @param {import("node:http").ServerResponse} response @param {any} interaction
 * @param {{ problem?: string | undefined, name?: string }} filled
 */
export const loginPage = (response, { params }, { problem, name }) =>
  send(
    response,
    problem ? 400 : 200,
    "Sign in",
    html`<h1>Sign in</h1>
<p>to continue to <strong>${params.client_id}</strong></p>
${problemLine(problem)}
<form method="post" autocomplete="off">
<label>Name <input name="name" list="users" value="${name ?? "ada"}" required autofocus spellcheck="false" autocapitalize="none"></label>
<datalist id="users">${Object.entries(suggestedUsers).map(([id, full]) => html`<option value="${id}">${full}</option>`)}</datalist>
<label>Password <input name="password" type="password" value="${password}" required></label>
<div class="buttons">
<button class="main" name="action" value="sign-in">Sign in</button>
<button name="action" value="deny" formnovalidate>Cancel</button>
</div>
</form>
<footer>Any name works; the password is <code>${password}</code>.</footer>`,
  );

/** @type {Record<string, string>} */
const scopeDescriptions = {
  openid: "Know who you are",
  profile: "See your name",
  email: "See your email address",
  offline_access: "Stay connected while you are away",
  "read:shows": "Read the shows of the planetarium",
};

/**
 * The consent form: it describes every scope, and offers to allow or refuse access.
 * @param {import("node:http").ServerResponse} response @param {any} interaction
 */
export const consentPage = (response, { params, session }) =>
  send(
    response,
    200,
    "Allow access",
    html`<h1>Allow access?</h1>
<p>Hello ${session.accountId}. <strong>${params.client_id}</strong> would like to:</p>
<ul>${String(params.scope)
      .split(" ")
      .map((scope) => html`<li>${scopeDescriptions[scope] ?? scope} <small><code>${scope}</code></small></li>`)}</ul>
<form method="post">
<div class="buttons">
<button class="main" name="action" value="allow" autofocus>Allow</button>
<button name="action" value="deny">Refuse</button>
</div>
</form>`,
  );

/** @param {import("node:http").ServerResponse} response @param {string} message */
export const failurePage = (response, message) =>
  send(
    response,
    400,
    "Something went wrong",
    html`<h1>This form is no longer open</h1>
<p>It was already submitted, or it was open for too long. Go back to the app and sign in again.</p>
<footer><code>${message}</code></footer>`,
  );

/** @param {any} ctx @param {Record<string, string>} out */
export const errorPage = (ctx, out) =>
  sendKoa(
    ctx,
    "Something went wrong",
    html`<h1>Something went wrong</h1>
<ul>${Object.entries(out).map(([key, value]) => html`<li>${value} <small>${key}</small></li>`)}</ul>`,
  );

/** @param {any} ctx @param {string} form oidc-provider's form with its XSRF token */
export const signOutPage = (ctx, form) =>
  sendKoa(
    ctx,
    "Sign out",
    html`<h1>Sign out here too?</h1>
<p>You are signed out of the app, but still signed in at Gatehouse.</p>
${raw(form)}
<div class="buttons">
<button class="main" form="op.logoutForm" name="logout" value="yes" autofocus>Sign out</button>
<button form="op.logoutForm">Stay signed in</button>
</div>`,
  );

/** @param {any} ctx */
export const signedOutPage = (ctx) => sendKoa(ctx, "Signed out", html`<h1>You are signed out</h1>`);
