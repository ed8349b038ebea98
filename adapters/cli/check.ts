import { checkSetup } from "../check/check-setup.js";
import type { SetupStatus } from "../check/findings.js";
import type { SetupReport } from "../check/report.js";
import { type Command, type Terminal, UsageError } from "./command.js";
import { readEnvFiles } from "./env-files.js";
import { optionFlags, optionsIn } from "./option-flags.js";
import { count, paintFor } from "./print.js";

export const check: Command = {
  summary: "tries the settings of an app, and says which option to change",
  details: `It reads .env, .env.local and .dev.vars in this folder; variables of the shell win over these, and flags over both. It asks the
provider for its discovery document and its keys, and begins a sign-in that no user finishes. Options that your code gives to auth() must
be repeated as flags. Exit code: 0, or 1 when something is wrong, 2 for wrong arguments.`,
  flags: {
    json: { help: "prints the findings as JSON" },
    "env-file": { value: "FILE", help: "reads this file of variables and no other" },
    ...optionFlags,
  },
  async run({ positionals, flags }, terminal) {
    if (positionals.length > 0) throw new UsageError("check takes no arguments but flags");
    const { "env-file": file } = flags;
    const { files, variables } = readEnvFiles(terminal.folder, file === true ? undefined : file);
    const { fetch, now, env } = terminal;
    const report = await checkSetup({ ...optionsIn(flags), env: { ...variables, ...env }, fetch, now });
    if (flags["json"]) terminal.print(JSON.stringify(report, null, 2));
    else printReport(report, files, terminal);
    return report.ok ? 0 : 1;
  },
};

const SIGNS: Readonly<Record<SetupStatus, string>> = { ok: "✓", warning: "!", failed: "✗" };

function printReport({ ok, findings }: SetupReport, files: readonly string[], terminal: Terminal): void {
  const { print } = terminal;
  const paint = paintFor(terminal);
  const colours = { ok: paint.green, warning: paint.yellow, failed: paint.red };
  if (files.length > 0) print(paint.dim(`Variables of ${files.join(", ")} and of the shell`));
  for (const { status, message } of findings) print(`${colours[status](SIGNS[status])} ${message}`);
  const numberOf = (wanted: SetupStatus) => findings.filter(({ status }) => status === wanted).length;
  const [warnings, failed] = [numberOf("warning"), numberOf("failed")];
  const summary = ok ? "All is well" : `${count(failed, "thing")} to change`;
  print(paint.bold(warnings > 0 ? `${summary}, ${count(warnings, "warning")}.` : `${summary}.`));
}
