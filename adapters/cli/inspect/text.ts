import { quoted } from "../../check/findings.js";
import type { Terminal } from "../command.js";
import { count, paintFor } from "../print.js";
import { type CookieReport, type GroupReport, groupBy } from "./report.js";

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

/** The report for a terminal. @param hint what would say more */
export function textFor(
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
