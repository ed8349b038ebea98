import { type Arguments, type Command, type Terminal, UsageError } from "../command.js";
import { readEnvFiles } from "../env-files.js";
import { cookieHeaderIn } from "./input.js";
import type { Keys } from "./keys.js";
import { inspectCookies } from "./report.js";
import { textFor } from "./text.js";

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
