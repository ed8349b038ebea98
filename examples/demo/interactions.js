import { password, toSubject } from "./accounts.js";
import { consentPage, failurePage, loginPage } from "./provider-pages.js";

/**
 * Reads the fields of a submitted form, 8 KiB at most.
 * @param {import("node:http").IncomingMessage} request
 */
async function readForm(request) {
  let body = "";
  for await (const part of request.setEncoding("utf8")) {
    body += part;
    if (body.length > 8192) throw new Error("form too large");
  }
  return new URLSearchParams(body);
}

/**
 * Grants the scopes and claims that the client requested and the user has not granted before.
 * @param {any} provider @param {any} interaction
 */
async function saveGrant(provider, { grantId, params, session, prompt: { details } }) {
  const grant =
    (grantId && (await provider.Grant.find(grantId))) ??
    new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  if (details.missingOIDCScope) grant.addOIDCScope(details.missingOIDCScope.join(" "));
  if (details.missingOIDCClaims) grant.addOIDCClaims(details.missingOIDCClaims);
  for (const [api, scopes] of Object.entries(details.missingResourceScopes ?? {})) {
    grant.addResourceScope(api, scopes.join(" "));
  }
  return grant.save();
}

const denied = { error: "access_denied", error_description: "The user refused." };

/**
 * Turns a submitted form into the result for oidc-provider, or into a problem to show on the form.
 * @param {any} provider @param {any} interaction @param {URLSearchParams} form
 */
async function evaluateForm(provider, interaction, form) {
  if (form.get("action") === "deny") return { result: denied };
  if (interaction.prompt.name === "consent") {
    return { result: { consent: { grantId: await saveGrant(provider, interaction) } } };
  }
  const accountId = toSubject(form.get("name") ?? "");
  if (accountId === undefined) return { problem: "Please enter a name of letters and digits." };
  if (form.get("password") !== password) return { problem: `Wrong password. The demo’s password is “${password}”.` };
  return { result: { login: { accountId } } };
}

/**
 * Shows the sign-in or the consent page (GET) and handles its form (POST).
 * @param {any} provider
 * @param {import("node:http").IncomingMessage} request
 * @param {import("node:http").ServerResponse} response
 */
export async function handleInteraction(provider, request, response) {
  try {
    // Finds the interaction by the browser's signed cookie, not by the URL, so that no other browser can submit the form.
    const interaction = await provider.interactionDetails(request, response);
    const page = interaction.prompt.name === "consent" ? consentPage : loginPage;
    if (request.method !== "POST") return page(response, interaction, {});
    const form = await readForm(request);
    const { result, problem } = await evaluateForm(provider, interaction, form);
    if (result === undefined) return page(response, interaction, { problem, name: form.get("name") ?? "" });
    // Consent is added to the result of the sign-in form before it; a refusal replaces that result.
    const mergeWithLastSubmission = !("error" in result);
    return await provider.interactionFinished(request, response, result, { mergeWithLastSubmission });
  } catch (error) {
    // The usual causes: the page was open for too long, or the back button led to a form that was already submitted.
    return failurePage(response, error instanceof Error ? error.message : "unknown error");
  }
}
