import { describeEvent, duration, size } from "./format.js";

/** Colours are for a terminal only, and not if NO_COLOR is set (https://no-color.org). */
const hasColours = process.stdout.isTTY === true && !process.env.NO_COLOR;

const codes = { bold: 1, dim: 2, red: 31, green: 32, cyan: 36 };

/** @param {keyof typeof codes} format @param {string} text */
const paint = (format, text) => (hasColours ? `\x1b[${codes[format]}m${text}\x1b[0m` : text);

/** @param {string} line */
const print = (line = "") => process.stdout.write(`${line}\n`);

const width = 100;

export function printTitle() {
  print();
  print(`  ${paint("bold", "latchkey demo")}`);
  print();
}

/** @param {Array<[name: string, address: string, remark: string]>} servers */
export function printHeader(servers) {
  for (const [name, address, remark] of servers) {
    print(`  ${name.padEnd(10)}${paint("cyan", address.padEnd(24))}${paint("dim", remark)}`);
  }
  print(`  ${paint("dim", "Two start-up warnings of oidc-provider are hidden; examples/demo/provider.js says why.")}`);
  print();
}

/** Writes a state machine's transitions as one or more lines: `exchange  idle -> awaiting callback -> ...`. @param {any[]} events */
function transitionLines(events) {
  /** @type {string[]} */
  const lines = [];
  /** @type {{ machine: string, to: string } | undefined} */
  let last;
  for (const event of events) {
    const { title, to = "" } = describeEvent(event);
    const arrow = ` -> ${to}`;
    const line = lines.at(-1);
    const continues = last?.machine === event.machine && last?.to === event.from;
    if (continues && line !== undefined && line.length + arrow.length <= width - 7)
      lines[lines.length - 1] = line + arrow;
    else lines.push(`${title.replace(": ", "  ")}${arrow}`);
    last = event;
  }
  return lines;
}

/**
 * @param {number} number @param {import("./walk.js").Outcome} outcome
 * @param {any[]} events latchkey's events during the step
 */
export function printStep(number, { title, detail, passed, ms, cookieBytes }, events) {
  const mark = passed ? paint("green", "ok") : paint("red", "FAIL");
  const figures = `${duration(ms).padStart(7)}   ${size(cookieBytes).padStart(6)} of cookies`;
  const head = `${String(number).padStart(3)}  ${title}`;
  print(`${paint("bold", head.padEnd(width - figures.length - 6))}${figures}  ${mark}`);
  print(`     ${passed ? detail : paint("red", detail.replaceAll("\n", "\n     "))}`);
  const transitions = events.filter(({ type }) => type === "transition");
  for (const line of transitionLines(transitions)) print(`     ${paint("dim", line)}`);
}

/** @param {{ passed: number, total: number }} result @param {number} ms */
export function printResult({ passed, total }, ms) {
  const text = `${passed} of ${total} steps passed in ${duration(ms)}`;
  print();
  print(`  ${paint(passed === total ? "green" : "red", text)}`);
  print();
}

/** @param {string} address */
export function printInvitation(address) {
  print(`  Your turn: open ${paint("cyan", address)} in a browser.`);
  print("  Click “Sign in”, then “Sign in” and “Allow” at the provider: the form is filled in.");
  print("  Then call the API, refresh the tokens, and sign out.");
  print("  Press Ctrl+C to stop the demo.");
  print();
}
