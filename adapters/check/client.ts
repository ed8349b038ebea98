import type { ClientAuthentication } from "../../core/provider/client-authentication.js";
import { routeUrl } from "../../core/relying-party/site.js";
import { type CheckContext, type ClientContext, listIn, type Metadata } from "./context.js";
import { labelOf } from "./findings.js";
import { endpointIn } from "./provider.js";
import { type Trial, tryAuthorization, tryPush, tryToken } from "./trials.js";

const nameOf = (method: ClientAuthentication): string => (typeof method === "string" ? method : "private_key_jwt");

/** Tries the client at the provider: its id, its authentication, its redirect URIs. */
export async function checkClient(context: CheckContext, metadata: Metadata): Promise<void> {
  const { config, faulty, report } = context;
  const missing = ["clientId", "clientSecret", "clientAuthentication", "baseUrl"].filter((name) => faulty.has(name));
  if (!config || missing.length > 0) {
    const message = `not tried at the provider: first mend ${missing.map(labelOf).join(", ") || "the options"}`;
    return report("client", "warning", message);
  }
  // The value of the provider: a wrong issuer was reported, and must not hide what else is wrong.
  const client = {
    ...context,
    config: { ...config, provider: { ...config.provider, issuer: metadata.issuer } },
    metadata,
  };
  checkMethod(client);
  const [first, ...others] = config.sites.map((site) => routeUrl({ site, config }, "callback"));
  const push = endpointIn(metadata, "pushed_authorization_request_endpoint");
  const tryRedirect = push
    ? (uri: string) => tryPush(client, push, config.provider.clientAuthentication, uri)
    : (uri: string) => tryAuthorization(client, uri);
  const isClientGood = push
    ? await tryWithPush(client, push, first as string)
    : await tryWithoutPush(client, first as string);
  if (!isClientGood) return;
  for (const uri of others) reportRedirect(client, uri, await tryRedirect(uri));
}

/** Whether the provider announces the way in which the client authenticates. A provider may support more than it announces. */
function checkMethod({ config, metadata, report }: ClientContext): undefined {
  const method = nameOf(config.provider.clientAuthentication);
  // Discovery 3: the default.
  const announced = listIn(metadata, "token_endpoint_auth_methods_supported") ?? ["client_secret_basic"];
  if (announced.includes(method)) return;
  const value = announced.find((name) => ["client_secret_basic", "client_secret_post"].includes(name));
  report(
    "client",
    "warning",
    `the provider does not announce clientAuthentication "${method}", but ${announced.join(", ")}`,
    { option: "clientAuthentication", value },
  );
}

/** With pushed requests: one request shows whether the client and the redirect URI are good. */
async function tryWithPush(client: ClientContext, url: string, redirectUri: string): Promise<boolean> {
  const { clientAuthentication } = client.config.provider;
  const push = (method: ClientAuthentication) => tryPush(client, url, method, redirectUri);
  const trial = await push(clientAuthentication);
  if (trial.outcome === "client_refused") {
    const authorization = await tryAuthorization(client, redirectUri);
    await reportClient(client, trial, authorization, push);
    // The error page of this provider may be about the redirect URI, too, but only a client that is good would show that.
    if (authorization.outcome === "accepted") reportRedirect(client, redirectUri, authorization);
    return false;
  }
  if (trial.outcome === "unclear") {
    client.report(
      "client",
      "failed",
      `the provider does not take pushed authorization requests, which it announces: ${trial.said}`,
    );
    return false;
  }
  reportGood(client);
  reportRedirect(client, redirectUri, trial);
  return true;
}

/** Without pushed requests: a token request shows the client, an authorization request the redirect URI. */
async function tryWithoutPush(client: ClientContext, redirectUri: string): Promise<boolean> {
  const { clientAuthentication } = client.config.provider;
  const token = (method: ClientAuthentication) => tryToken(client, method, redirectUri);
  const [trial, authorization] = await Promise.all([
    token(clientAuthentication),
    tryAuthorization(client, redirectUri),
  ]);
  const isGood = trial.outcome === "accepted";
  if (isGood) reportGood(client);
  else if (trial.outcome === "client_refused") await reportClient(client, trial, authorization, token);
  else if (trial.outcome === "refused")
    client.report(
      "client",
      "failed",
      `the provider does not let this client redeem codes (${trial.said}): allow the authorization code flow for it at the provider`,
    );
  else client.report("client", "warning", `the client could not be tried at the token endpoint: ${trial.said}`);
  const isKnown = isGood || ["accepted", "redirect_refused"].includes(authorization.outcome);
  if (isKnown) reportRedirect(client, redirectUri, authorization);
  return isKnown;
}

function reportGood({ config, report }: ClientContext): undefined {
  const { clientId, clientAuthentication } = config.provider;
  const method = nameOf(clientAuthentication);
  report(
    "client",
    "ok",
    `the provider takes the client ${clientId}${method === "none" ? "" : `, and its authentication with ${method}`}`,
  );
}

/**
 * The provider refused the client. An authorization request, which no client authenticates, shows whether it knows the client id; a
 * second try shows whether it wants another way to authenticate.
 */
async function reportClient(
  { config, report }: ClientContext,
  { said }: Trial,
  authorization: Trial,
  retry: (method: ClientAuthentication) => Promise<Trial>,
): Promise<void> {
  const { clientAuthentication: method, clientSecret } = config.provider;
  const others = (["client_secret_basic", "client_secret_post"] as const).filter((each) => each !== method);
  for (const other of clientSecret === undefined ? [] : others) {
    if ((await retry(other)).outcome === "client_refused") continue;
    const message = `the provider refuses clientAuthentication "${nameOf(method)}" (${said}), and takes "${other}": set clientAuthentication to "${other}"`;
    return report("client", "failed", message, { option: "clientAuthentication", value: other });
  }
  const { option, message } = whyRefused(config, said, authorization);
  report("client", "failed", message, { option });
}

/** The option that the provider's refusal of the client is about, and what to do. */
function whyRefused(
  { provider: { clientId, clientAuthentication: method } }: ClientContext["config"],
  said: string,
  { outcome }: Trial,
): { readonly option: string; readonly message: string } {
  if (outcome === "client_refused") {
    const message = `the provider does not know the client ${clientId} (${said}): check ${labelOf("clientId")}`;
    return { option: "clientId", message };
  }
  if (method === "none") {
    const message = `the provider wants the client ${clientId} to authenticate (${said}): set ${labelOf("clientSecret")}, and leave out clientAuthentication: "none"`;
    return { option: "clientAuthentication", message };
  }
  if (typeof method !== "string") {
    const message = `the provider refuses the client's key (${said}): register the public key there, and check clientAuthentication and ${labelOf("clientId")}`;
    return { option: "clientAuthentication", message };
  }
  // RFC 6749 4.1.2.1: a provider redirects only for a client that it knows.
  const isKnown = outcome === "accepted" || outcome === "redirect_refused";
  const message = isKnown
    ? `the provider knows the client ${clientId}, and refuses its secret (${said}): check ${labelOf("clientSecret")}`
    : `the provider refuses the client (${said}): check ${labelOf("clientId")} and ${labelOf("clientSecret")}`;
  return { option: "clientSecret", message };
}

/** Options that errors of authorization requests are about. */
const OPTIONS: Readonly<Record<string, string>> = {
  invalid_scope: "scope",
  invalid_target: "audience",
  unauthorized_client: "clientId",
};

/** Reports what an authorization request with a redirect URI showed. */
function reportRedirect(
  { report, config }: ClientContext,
  redirectUri: string,
  { outcome, error = "", said }: Trial,
): undefined {
  if (outcome === "accepted") return report("authorization", "ok", `the redirect URI ${redirectUri} is registered`);
  if (outcome === "redirect_refused" || (outcome === "refused" && error === "")) {
    const message = `the provider refuses the redirect URI ${redirectUri} (${said}): register it for the client ${config.provider.clientId}, or change ${labelOf("baseUrl")}`;
    return report("authorization", "failed", message, { option: "baseUrl" });
  }
  const option = OPTIONS[error];
  if (outcome === "refused" || outcome === "client_refused") {
    const change = option ? `check ${labelOf(option)}` : "check the client at the provider";
    return report("authorization", "failed", `the provider refuses the authorization request (${said}): ${change}`, {
      option,
    });
  }
  report(
    "authorization",
    "warning",
    `the provider does not say whether it knows the redirect URI ${redirectUri} (${said}): compare it with those of the client`,
  );
}
