import { MisuseError } from "../../core/errors.js";
import { isObject } from "../../core/is-object.js";
import type { AuthOptions } from "../lib/auth-options.js";
import { resolveConfig } from "../lib/config.js";
import type { Environment } from "../lib/variables.js";
import type { SetupFinding } from "./findings.js";
import type { SetupReport } from "./report.js";

/** The options of an app with one of its providers, whose redirect URI has the name: as one provider is checked. */
export function withOneProvider(
  { providers = {}, defaultProvider: _, ...app }: AuthOptions<unknown>,
  name: string,
): AuthOptions<unknown> {
  const callbackPath = `${app.mount ?? "/auth"}/callback/${name}${app.trailingSlash ? "/" : ""}`;
  const provider: unknown = providers[name];
  return { ...app, provider: isObject(provider) ? { callbackPath, ...provider } : (provider as object) };
}

/**
 * The findings of the checks of each provider, with its name. Those that are not about a provider are the same for each: they come once.
 * What is wrong with the names of the providers, and with options beside them, is told when each provider is well.
 */
export function mergeReports(
  reports: ReadonlyArray<readonly [name: string, report: SetupReport]>,
  options: AuthOptions<unknown>,
  env: Environment,
): SetupReport {
  const seen = new Set<string>();
  const findings = reports.flatMap(([name, report]) =>
    report.findings.flatMap((finding): SetupFinding[] => {
      const isOfApp = ["base_url", "store"].includes(finding.check);
      const message = isOfApp ? finding.message : `providers.${name}: ${finding.message}`;
      if (seen.has(message)) return [];
      seen.add(message);
      return [{ ...finding, message }];
    }),
  );
  const isWell = () => findings.every(({ status }) => status !== "failed");
  if (isWell()) findings.push(...faultsOfNames(options, env));
  return { ok: isWell(), findings };
}

function faultsOfNames(options: AuthOptions<unknown>, env: Environment): SetupFinding[] {
  try {
    resolveConfig(options, env);
    return [];
  } catch (error) {
    if (!(error instanceof MisuseError)) throw error;
    return [{ check: "options", status: "failed", message: error.message.replaceAll("latchkey: ", "") }];
  }
}
