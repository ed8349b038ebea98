import { password, subjectOf } from "./people.js";
import { consentPage, failurePage, loginPage } from "./provider-pages.js";

/**
 * The fields of a submitted form; more than 8 KiB is nobody filling in ours.
 * @param {import("node:http").IncomingMessage} request
 */
async function fields(request) {
  let body = "";
  for await (const part of request.setEncoding("utf8")) {
    body += part;
    if (body.length > 8192) throw new Error("form too large");
  }
  return new URLSearchParams(body);
}

/**
 * Grants what the client asked for and the person has not granted before.
 * @param {any} provider @param {any} interaction
 */
async function grantOf(provider, { grantId, params, session, prompt: { details } }) {
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

const denied = { error: "access_denied", error_description: "The person said no." };

/**
 * What a submitted form means: the result for oidc-provider, or a problem to show on the form.
 * @param {any} provider @param {any} interaction @param {URLSearchParams} form
 */
async function decide(provider, interaction, form) {
  if (form.get("action") === "deny") return { result: denied };
  if (interaction.prompt.name === "consent") {
    return { result: { consent: { grantId: await grantOf(provider, interaction) } } };
  }
  const accountId = subjectOf(form.get("name") ?? "");
  if (accountId === undefined) return { problem: "A name of letters and digits, please." };
  if (form.get("password") !== password) return { problem: `That is not the password. It is “${password}”.` };
  return { result: { login: { accountId } } };
}

/**
 * Shows the sign-in or the consent page (GET) and takes its form (POST).
 * @param {any} provider
 * @param {import("node:http").IncomingMessage} request
 * @param {import("node:http").ServerResponse} response
 */
export async function answerInteraction(provider, request, response) {
  try {
    // Finds the interaction by the browser's signed cookie, not by the URL: nobody can answer for another browser.
    const interaction = await provider.interactionDetails(request, response);
    const page = interaction.prompt.name === "consent" ? consentPage : loginPage;
    if (request.method !== "POST") return page(response, interaction, {});
    const form = await fields(request);
    const { result, problem } = await decide(provider, interaction, form);
    if (result === undefined) return page(response, interaction, { problem, name: form.get("name") ?? "" });
    // A refusal replaces what was submitted before; consent joins the sign-in that came before it.
    const mergeWithLastSubmission = !("error" in result);
    return await provider.interactionFinished(request, response, result, { mergeWithLastSubmission });
  } catch (error) {
    // Most often: the page was left open too long, or the way back led to a form that was answered before.
    return failurePage(response, error instanceof Error ? error.message : "unknown error");
  }
}
