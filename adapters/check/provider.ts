import { ExchangeError } from "../../core/errors.js";
import { isObject } from "../../core/is-object.js";
import { isAsymmetric } from "../../core/provider/algorithms.js";
import { type EndpointName, endpointUrl } from "../../core/provider/endpoint.js";
import { fits, type PublicKey } from "../../core/provider/keys.js";
import { type CheckContext, listIn, type Metadata } from "./context.js";
import { labelOf, quoted } from "./findings.js";
import { reasonOf } from "./probe.js";

const NEEDED: readonly EndpointName[] = ["authorization_endpoint", "token_endpoint"];

/** The URL of an endpoint; undefined when the discovery document has none that is as secure as the issuer. */
export function endpointIn(metadata: Metadata, name: EndpointName): string | undefined {
  try {
    return endpointUrl(metadata, name).href;
  } catch (error) {
    if (error instanceof ExchangeError) return undefined;
    throw error;
  }
}

/** The endpoints that a sign-in needs, and what the provider announces about them. */
export function checkEndpoints({ report, set }: CheckContext, metadata: Metadata): undefined {
  const { identify, takesPkce } = set.differences ?? {};
  const needed: readonly EndpointName[] = identify ? NEEDED : [...NEEDED, "jwks_uri"];
  const missing = needed.filter((name) => !endpointIn(metadata, name));
  for (const name of missing)
    report("endpoints", "failed", `the discovery document has no ${name} that is a URL as secure as the issuer's`);
  // Discovery 3: "query" and "fragment" without the member.
  const modes = listIn(metadata, "response_modes_supported") ?? ["query", "fragment"];
  const { responseMode = "query", scope = "" } = set;
  if (!modes.includes(responseMode))
    report("endpoints", "warning", `the provider does not announce responseMode "${responseMode}"`, {
      option: "responseMode",
    });
  const methods = listIn(metadata, "code_challenge_methods_supported");
  if (takesPkce !== false && methods && !methods.includes("S256"))
    report("endpoints", "failed", "the provider does not support PKCE with S256, which every sign-in uses");
  const scopes = listIn(metadata, "scopes_supported");
  const strange = `${scope}`.split(" ").filter((word) => scopes && !scopes.includes(word));
  if (strange.length > 0)
    report(
      "endpoints",
      "warning",
      `the provider does not announce these words of ${labelOf("scope")}: ${quoted(strange.join(" "))}`,
      { option: "scope" },
    );
  if (missing.length === 0) report("endpoints", "ok", "the provider has the endpoints that a sign-in needs");
}

/** Whether the provider signs ID Tokens as the app expects, and publishes a key for it. */
export async function checkKeys({ report, probe, set }: CheckContext, metadata: Metadata): Promise<void> {
  const { idTokenSigningAlg: algorithm = "RS256" } = set;
  // The user of these providers is found without their keys.
  if (set.differences?.identify) return;
  // A value that is no algorithm was reported by the check of options.
  if (typeof algorithm !== "string" || !isAsymmetric(algorithm)) return;
  const announced = listIn(metadata, "id_token_signing_alg_values_supported");
  const url = endpointIn(metadata, "jwks_uri");
  if (!url) return;
  const answer = await probe(url);
  if (answer.failure)
    return report("keys", "failed", `the provider's keys cannot be fetched: ${reasonOf(answer, url)}`);
  const list = answer.json?.["keys"];
  if (answer.status !== 200 || !Array.isArray(list))
    return report(
      "keys",
      "failed",
      `the provider's keys cannot be read: ${url} answers ${answer.status} without a key set`,
    );
  const keys = list.filter(isObject) as readonly PublicKey[];
  const hasKey = (name: string) => keys.some((key) => fits(name, undefined)(key));
  const isAnnounced = announced?.includes(algorithm) !== false;
  if (isAnnounced && hasKey(algorithm))
    return report("keys", "ok", `the provider signs with ${algorithm}, and publishes a key for it`);
  const others = (announced ?? keys.map(({ alg }) => `${alg}`)).filter((name) => isAsymmetric(name) && hasKey(name));
  const [value] = others;
  const problem = isAnnounced
    ? `the provider publishes no key for ${algorithm}`
    : `the provider does not sign ID Tokens with ${algorithm}`;
  const change = value
    ? `set idTokenSigningAlg to "${value}", or let the client's ID Tokens be signed with ${algorithm} at the provider`
    : "let the client's ID Tokens be signed with RS256 at the provider";
  report("keys", "failed", `${problem}: ${change}`, { option: "idTokenSigningAlg", value });
}
