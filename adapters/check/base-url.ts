import type { RelyingPartyConfig, Site } from "../../core/relying-party/config.js";
import { routeUrl } from "../../core/relying-party/site.js";
import { withOtherLoopback, withOtherScheme } from "./alternatives.js";
import type { CheckContext } from "./context.js";
import { labelOf, quoted } from "./findings.js";
import { type Answer, type NoAnswer, reasonOf } from "./probe.js";

/** Whether the app answers at each of its base URLs: its route `me` does so without a session. */
export async function checkBaseUrl(context: CheckContext): Promise<void> {
  const { config, faulty, probe } = context;
  if (!config || faulty.has("baseUrl")) return;
  await Promise.all(
    config.sites.map(async (site) => {
      const url = routeUrl({ site, config }, "me");
      await reportSite(context, config, site, url, await probe(url, { headers: { accept: "application/json" } }));
    }),
  );
}

/** Whether latchkey answered: with the user, or that the store is away. */
const isLatchkey = (answer: Answer | NoAnswer): boolean =>
  !answer.failure &&
  answer.json !== undefined &&
  ("user" in answer.json || answer.json["error"] === "store_unavailable");

async function reportSite(
  context: CheckContext,
  config: RelyingPartyConfig<unknown>,
  site: Site,
  url: string,
  answer: Answer | NoAnswer,
): Promise<void> {
  const { report } = context;
  const base = site.origin + site.path;
  if (isLatchkey(answer)) return report("base_url", "ok", `the app answers at ${base}`);
  const remedy = { option: "baseUrl" };
  const better = await findBetter(context, config, site);
  if (better === site.origin) {
    const message = `the app answers at ${better}, not under ${site.path}: set ${labelOf("baseUrl")} to "${better}", or let what is in front of the app serve it under ${site.path}`;
    return report("base_url", "failed", message, { ...remedy, value: better });
  }
  if (better) {
    const message = `the app answers at ${better}, not at ${base}: set ${labelOf("baseUrl")} to "${better}"`;
    return report("base_url", "failed", message, { ...remedy, value: better });
  }
  if (answer.failure === "refused")
    return report(
      "base_url",
      "warning",
      `nothing listens at ${site.origin}: start your app, or check ${labelOf("baseUrl")}`,
      remedy,
    );
  if (answer.failure)
    return report(
      "base_url",
      "warning",
      `the app cannot be reached from here: ${reasonOf(answer, url)}; check ${labelOf("baseUrl")}`,
      remedy,
    );
  const { status, headers } = answer;
  const location = headers.get("location");
  if (status === 401 || status === 403)
    return report(
      "base_url",
      "warning",
      `${url} answers ${status}: what is in front of the app wants to know who asks`,
      remedy,
    );
  const where = location ? `redirects to ${quoted(location)}` : `answers ${status}, and not as latchkey does`;
  report(
    "base_url",
    "failed",
    `${url} ${where}: another program has this address, mount is another path, or auth() does not come first; check ${labelOf("baseUrl")}`,
    remedy,
  );
}

/** A base URL at which the app answers in the place of the configured one. */
async function findBetter(
  { probe }: CheckContext,
  config: RelyingPartyConfig<unknown>,
  site: Site,
): Promise<string | undefined> {
  const base = site.origin + site.path;
  const candidates = [site.path && site.origin, withOtherScheme(base), withOtherLoopback(base)];
  for (const candidate of candidates) {
    if (!candidate) continue;
    const { origin, pathname } = new URL(candidate);
    const other = { origin, path: pathname.replace(/\/$/, ""), secure: site.secure };
    if (isLatchkey(await probe(routeUrl({ site: other, config }, "me")))) return candidate;
  }
  return undefined;
}
