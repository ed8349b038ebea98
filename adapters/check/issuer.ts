import { discoveryUrlOf } from "../../core/provider/discovery.js";
import { issuersNear } from "./alternatives.js";
import type { CheckContext, Metadata } from "./context.js";
import { labelOf, quoted } from "./findings.js";
import { isPlaceholder } from "./options.js";
import { type Answer, type NoAnswer, reasonOf } from "./probe.js";

/** A discovery document, and the response that brought it. */
interface Discovered {
  readonly metadata: Metadata;
  readonly answer: Answer;
}

/** The discovery document in a response: JSON with the members that every provider must announce (Discovery 3). */
function metadataIn(answer: Answer | NoAnswer): Discovered | undefined {
  if (answer.failure || answer.status !== 200) return undefined;
  const { issuer, ...members } = answer.json ?? {};
  const isProvider = typeof issuer === "string" && typeof members["authorization_endpoint"] === "string";
  return isProvider ? { metadata: { ...members, issuer }, answer } : undefined;
}

/** Whether the provider can be reached and is one, and whether it calls itself what the app calls it. Reports the clocks as well. */
export async function checkIssuer(context: CheckContext): Promise<Metadata | undefined> {
  const { set, report, probe } = context;
  const { issuer } = set;
  // A value that is no URL, and what stands for a value, were reported by the check of options.
  if (typeof issuer !== "string" || !/^https?:\/\/[^\s]+$/i.test(issuer) || !URL.canParse(issuer)) return undefined;
  if (isPlaceholder(issuer)) return undefined;
  const { discoveryUrl: url = discoveryUrlOf(issuer), metadata: own } = set.differences ?? {};
  if (url === false) {
    report("issuer", "ok", `${quoted(issuer)} has no discovery document, and the app has the endpoints`);
    return { ...own, issuer };
  }
  const answer = await probe(url);
  const found = metadataIn(answer) ?? (await findNear(context, { issuer, url, answer }));
  if (!found) return undefined;
  const { metadata } = found;
  checkClock(context, found.answer);
  // The document of some providers names another issuer than the app, such as the template of all tenants.
  const isRight = metadata.issuer === (own?.issuer ?? issuer);
  if (isRight) report("issuer", "ok", `the provider is ${quoted(issuer)}`);
  else reportDifference(context, own?.issuer ?? issuer, metadata.issuer);
  return { ...metadata, ...own, issuer: isRight ? issuer : metadata.issuer };
}

/** Reports why there is no discovery document, and finds the provider at a URL that may have been meant. */
async function findNear(
  context: CheckContext,
  { issuer, url, answer }: { readonly issuer: string; readonly url: string; readonly answer: Answer | NoAnswer },
): Promise<Discovered | undefined> {
  const { report, probe } = context;
  const problem = problemOf(answer, url);
  // With a name that does not resolve, or without an answer in time, another path would not do better.
  const candidates = ["dns", "timeout"].includes(answer.failure ?? "") ? [] : issuersNear(issuer, !answer.failure);
  for (const candidate of candidates) {
    const found = metadataIn(await probe(discoveryUrlOf(candidate)));
    // The finding about the difference says which value works.
    if (found && found.metadata.issuer !== issuer) return found;
  }
  report("issuer", "failed", problem, { option: "issuer" });
  return undefined;
}

/** What is wrong with the answer in the place of a discovery document. */
function problemOf(answer: Answer | NoAnswer, url: string): string {
  const change = `check ${labelOf("issuer")}`;
  if (answer.failure) return `the provider cannot be reached: ${reasonOf(answer, url)}; ${change}`;
  const { status, headers, text, json } = answer;
  const location = headers.get("location");
  if (location) return `${url} redirects to ${quoted(location)}, and no discovery document may; ${change}`;
  if (status >= 500 || status === 429) return `the provider answers ${status} at ${url}: try again later`;
  if (status !== 200) return `there is no discovery document: ${url} answers ${status}; ${change}`;
  if (text === undefined) return `the response of ${url} is too large for a discovery document; ${change}`;
  const type = headers.get("content-type") ?? "no content type";
  return json
    ? `the JSON at ${url} is not the discovery document of an OpenID Provider; ${change}`
    : `the response of ${url} is no JSON object (${quoted(type)}): no OpenID Provider answers there; ${change}`;
}

/** What makes two issuers differ, where it is easily overlooked. */
function hintFor(issuer: string, announced: string): string {
  const bare = (text: string) => text.replace(/\/$/, "");
  const onLocalhost = (text: string) => bare(text).replace("127.0.0.1", "localhost");
  const withoutScheme = (text: string) => bare(text).replace(/^https?:/, "");
  if (issuer.includes("/.well-known")) return " (the issuer is not the URL of the discovery document)";
  if (bare(issuer) === bare(announced)) return " (the slash at the end counts)";
  if (onLocalhost(issuer) === onLocalhost(announced)) return " (127.0.0.1 is not localhost)";
  return withoutScheme(issuer) === withoutScheme(announced) ? " (http is not https)" : "";
}

/** Discovery 4.3: the issuer is compared as text. */
function reportDifference({ report }: CheckContext, issuer: string, announced: string): undefined {
  const [here, there] = [quoted(issuer), quoted(announced)];
  if (/\{\w+\}/.test(announced)) {
    const message = `the provider announces "${there}", which stands for many tenants: set ${labelOf("issuer")} to the issuer of your tenant`;
    return report("issuer", "failed", message, { option: "issuer" });
  }
  const message = `the issuer is "${here}" here, and the provider says "${there}"${hintFor(issuer, announced)}: set ${labelOf("issuer")} to "${there}"`;
  report("issuer", "failed", message, { option: "issuer", value: there });
}

/** Seconds by which clocks may differ before it is a finding; network and caches take some. */
const MAX_SKEW = 60;

/** Compares the clock of this machine with the time of a response (RFC 9110 6.6.1). */
function checkClock({ report, set, now }: CheckContext, { headers }: Answer): undefined {
  const sentAt = Date.parse(headers.get("date") ?? "");
  // RFC 9111 5.1: a cache says how old its copy is.
  const age = Number(headers.get("age") ?? 0) || 0;
  if (Number.isNaN(sentAt))
    return report("clock", "warning", "the provider's responses have no Date: clocks not compared");
  const behind = Math.round(sentAt / 1000 + age - now() / 1000);
  const seconds = Math.abs(behind);
  if (seconds <= MAX_SKEW) return report("clock", "ok", "the clocks of this machine and of the provider agree");
  const far =
    seconds < 120
      ? `${seconds} seconds`
      : seconds < 7200
        ? `${Math.round(seconds / 60)} minutes`
        : `${Math.round(seconds / 3600)} hours`;
  const isTolerated = seconds < (set.clockTolerance ?? 0);
  report(
    "clock",
    isTolerated ? "warning" : "failed",
    `the clock of this machine is ${far} ${behind > 0 ? "behind" : "ahead of"} the provider's: set the clock (NTP); clockTolerance is ${set.clockTolerance} seconds`,
    { option: "clockTolerance" },
  );
}
