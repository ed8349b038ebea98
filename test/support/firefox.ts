import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** The path of Firefox: the variable FIREFOX, or `firefox-esr` (Debian's package) or `firefox` on the PATH. */
const executable = [
  process.env["FIREFOX"],
  ...["firefox-esr", "firefox"].flatMap((name) =>
    (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, name)),
  ),
].find((path) => path && existsSync(path));

/** Why no test in Firefox can run on this machine; undefined where one can. */
export const firefoxIsMissing = executable
  ? undefined
  : "this machine has no Firefox: apt-get install firefox-esr, or name one in FIREFOX";

/** Firefox makes no requests of its own, shows no first-run pages and sends no telemetry. */
const PREFERENCES: Record<string, boolean | number | string> = {
  "app.update.enabled": false,
  "browser.aboutwelcome.enabled": false,
  "browser.shell.checkDefaultBrowser": false,
  "browser.startup.page": 0,
  "datareporting.policy.dataSubmissionEnabled": false,
  "dom.security.https_first": false,
  "extensions.update.enabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "network.dns.native-is-localhost": true,
  "services.settings.server": "http://127.0.0.1:9",
  "toolkit.telemetry.reportingpolicy.firstRun": false,
};

/** Opens a page in a real Firefox with a new profile, without a driver: the page navigates by itself. @returns closes Firefox */
export function openFirefox(url: string): () => Promise<void> {
  if (!executable) throw new Error(firefoxIsMissing);
  const profile = mkdtempSync(join(tmpdir(), "latchkey-firefox-"));
  const lines = Object.entries(PREFERENCES).map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});`);
  writeFileSync(join(profile, "user.js"), lines.join("\n"));
  // A process group of its own, so that Firefox's content processes end with it.
  const child = spawn(executable, ["--headless", "--no-remote", "--profile", profile, url], {
    detached: true,
    stdio: "ignore",
    env: { ...process.env, HOME: profile },
  });
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  return async () => {
    if (child.pid && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
    await closed;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
}
