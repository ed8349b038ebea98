import { quoted } from "../../check/findings.js";
import { type Arguments, type Command, type Terminal, UsageError } from "../command.js";
import { readEnvFiles } from "../env-files.js";
import { count, paintFor } from "../print.js";
import { cookieHeaderIn } from "./input.js";
import type { Keys } from "./keys.js";
import { type CookieReport, type GroupReport, groupBy, inspectCookies } from "./report.js";

export const inspect: Command = {
  summary: "says what the cookies of a request hold, and why latchkey refuses them",
  usage: "[cookies]",
  details: `cookies: a Cookie header, the output of curl -v, or what developer tools copy; without it, standard input is read. With the secret, the
issuer and the client id of the app, from flags, the shell or .env, it opens them. Tokens are never printed.`,
  flags: {
    cookie: { value: "HEADER", help: "the Cookie header" },
    json: { help: "prints the report as JSON" },
    secret: { value: "VALUE", help: "instead of LATCHKEY_SECRET and LATCHKEY_NEXT_SECRET" },
    issuer: { value: "VALUE", help: "instead of LATCHKEY_ISSUER" },
    "client-id": { value: "VALUE", help: "instead of LATCHKEY_CLIENT_ID" },
    purpose: { value: "VALUE", help: "the option purpose of createSessions, for sessions without sign-in" },
    "cookie-name": { value: "VALUE", help: "the option session.cookie.name; default: any name" },
    "inactivity-duration": { value: "SECONDS", help: "the option session.inactivityDuration" },
    "absolute-duration": { value: "SECONDS", help: "the option session.absoluteDuration" },
    "max-cookie-bytes": { value: "BYTES", help: "the option session.maxCookieBytes; default: 7600" },
    "env-file": { value: "FILE", help: "reads this file of variables and no other" },
  },
  async run({ positionals: [given, ...more], flags }, terminal) {
    if (more.length > 0) throw new UsageError("put the cookies in quotes: they are several arguments");
    const input = given ?? textOf(flags, "cookie") ?? (terminal.isInteractive ? undefined : await terminal.read());
    if (input === undefined) throw new UsageError("inspect needs the cookies, as an argument or on standard input");
    const { keys, hint } = keysFor(flags, terminal);
    const report = await inspectCookies(cookieHeaderIn(input), {
      keys,
      name: textOf(flags, "cookie-name"),
      limit: numberOf(flags, "max-cookie-bytes") ?? 7600,
      now: terminal.now(),
    }).catch((error: Error) => {
      // A secret that is too short, or a limit that is no limit.
      throw new UsageError(error.message.replace(/^latchkey: /, ""));
    });
    terminal.print(flags["json"] ? JSON.stringify(report, null, 2) : textFor(report, hint, terminal));
    return 0;
  },
};

function textOf(flags: Arguments["flags"], name: string): string | undefined {
  const value = flags[name];
  return value === true ? undefined : value;
}

function numberOf(flags: Arguments["flags"], name: string): number | undefined {
  const value = textOf(flags, name);
  if (value === undefined) return undefined;
  if (!(Number(value) > 0)) throw new UsageError(`--${name} needs a number`);
  return Number(value);
}

/** What opens the cookies, and a hint at what is missing. */
function keysFor(flags: Arguments["flags"], { folder, env }: Terminal): { keys?: Keys; hint: string | undefined } {
  const variables = { ...readEnvFiles(folder, textOf(flags, "env-file")).variables, ...env };
  const secret =
    textOf(flags, "secret") ??
    [variables["LATCHKEY_SECRET"], variables["LATCHKEY_NEXT_SECRET"]].filter(Boolean).join(",");
  const issuer = textOf(flags, "issuer") ?? variables["LATCHKEY_ISSUER"];
  const clientId = textOf(flags, "client-id") ?? variables["LATCHKEY_CLIENT_ID"];
  if (!secret) return { hint: "with --secret or LATCHKEY_SECRET, this command opens them" };
  const client = issuer && clientId ? { issuer, clientId } : undefined;
  const hint = client
    ? undefined
    : "to open the cookies of a sign-in, set LATCHKEY_ISSUER and LATCHKEY_CLIENT_ID too: they open for one client alone";
  const [inactivityDuration, absoluteDuration] = [
    numberOf(flags, "inactivity-duration"),
    numberOf(flags, "absolute-duration"),
  ];
  const limits = {
    ...(inactivityDuration ? { inactivityDuration } : {}),
    ...(absoluteDuration ? { absoluteDuration } : {}),
  };
  return { hint, keys: { secrets: secret.split(/ *, */), client, purpose: textOf(flags, "purpose"), limits } };
}

/** What each reason means, and what to look at. */
const REASONS: Readonly<Record<string, string>> = {
  malformed: "the value was not sealed by latchkey",
  too_large: "the value is too large",
  unknown_key: "it was sealed under another secret",
  expired_key: "it was sealed too long ago",
  tampered: "it was changed, or sealed for another issuer, client id or purpose",
  torn: "a part of it is missing, or is of another write",
  surplus: "it has more parts than it says",
  duplicated: "the browser sent it twice: two cookies with different paths or domains",
  expired: "the session has reached its absolute limit",
  inactive: "the session was not used for too long",
  superseded: "a later sign-in or sign-out in this browser has ended the session",
  "no session": "there is no session cookie",
};

const reasonText = (reason: string): string => (REASONS[reason] ? `${reason}: ${REASONS[reason]}` : reason);

const thousands = (bytes: number): string => `${bytes}`.replace(/\B(?=(\d{3})+$)/g, ",");

function textFor(
  { latchkey, others, groups, verdicts }: CookieReport,
  hint: string | undefined,
  terminal: Terminal,
): string {
  const { bold, dim, green, red } = paintFor(terminal);
  const size = `${count(latchkey.cookies, "cookie")} of latchkey, ${thousands(latchkey.bytes)} of at most ${thousands(latchkey.limit)} bytes`;
  const lines = [latchkey.bytes > latchkey.limit ? red(size) : size];
  if (others.length > 0) {
    const names = others.slice(0, 20).map(({ name, bytes }) => `${quoted(name)} (${bytes})`);
    lines.push(`${count(others.length, "other cookie")}: ${names.join(", ")}${others.length > 20 ? ", ..." : ""}`);
  }
  for (const [prefix, inPrefix] of groupBy(groups, (group) => group.prefix)) {
    const verdict = verdicts.find((each) => each.prefix === prefix)?.verdict;
    lines.push(
      "",
      bold(quoted(prefix)) +
        (verdict === undefined ? "" : `: ${verdict === "signed in" ? green(verdict) : red(reasonText(verdict))}`),
    );
    for (const group of inPrefix) lines.push(...linesOf(group, dim, red));
  }
  if (hint && groups.length > 0) lines.push("", dim(hint));
  return lines.join("\n");
}

function linesOf(
  { tag, values, content, fields }: GroupReport,
  dim: (text: string) => string,
  red: (text: string) => string,
): string[] {
  const lines = values.map(({ kind, cookies, bytes, sealedOn, refused }) => {
    const parts = cookies.length > 1 ? ` in ${cookies.length} parts` : "";
    const day = sealedOn
      ? `, ${kind === "end" ? "sessions begun before" : "sealed on"} ${sealedOn}${kind === "end" ? " are over" : ""}`
      : "";
    return `  ${kind} ${kind === "end" ? "" : `${quoted(tag)}: `}${thousands(bytes)} bytes${parts}${day}${refused ? `; ${red(reasonText(refused))}` : ""}`;
  });
  for (const [name, value] of Object.entries(content ?? {})) {
    if (value !== undefined) lines.push(`    ${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`);
  }
  if (fields && fields.length > 0) {
    const sizes = fields.slice(0, 8).map(({ field, bytes }) => `${quoted(field)} ${thousands(bytes)}`);
    lines.push(dim(`    bytes: ${sizes.join(", ")}`));
  }
  return lines;
}
