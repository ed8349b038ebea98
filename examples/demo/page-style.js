/** The page's style sheet: system fonts, light and dark, from a phone's width up. */
export const style = `
:root { color-scheme: light dark; --paper: #eceff4; --card: #fff; --ink: #182036; --soft: #5b657d; --line: #dce1ea;
  --deep: #24375f; --on-deep: #fff; --brass: #a8731a; --wash: #f5f7fa; --good: #1f7a4d; --bad: #b3261e;
  --id: #24375f; --tok: #a8731a; --seen: #3f8f84; --end: #8a6fb3; --tx: #b65c6b; }
@media (prefers-color-scheme: dark) { :root { --paper: #0e1320; --card: #171e30; --ink: #e6eaf3; --soft: #98a3bd;
  --line: #28324a; --deep: #9db6ee; --on-deep: #0e1526; --brass: #e0b060; --wash: #1d253a; --good: #6fcf9b; --bad: #ff9d94;
  --id: #7f9ce0; --tok: #e0b060; --seen: #6cc3b6; --end: #b79ddc; --tx: #e08a98; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
.wrap { max-width: 1000px; margin: 0 auto; padding: 0 20px 48px; }
header { display: flex; align-items: center; gap: 10px; padding: 22px 2px 18px; }
header svg { width: 26px; height: 26px; color: var(--brass); }
header strong { font-size: 18px; letter-spacing: -0.01em; }
header small { color: var(--soft); }
.pill { margin-left: auto; font-size: 13.5px; padding: 3px 12px; border-radius: 99px; border: 1px solid var(--line);
  color: var(--soft); background: var(--card); }
.pill.in { color: var(--good); }
.pill::before { content: ""; display: inline-block; width: 8px; height: 8px; border-radius: 50%; margin-right: 7px;
  background: currentColor; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 22px 24px; min-width: 0; }
.grid { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 16px; margin-top: 16px; }
.grid.out { align-items: start; }
.grid > .side { grid-row: span 2; }
.grid > .side:first-child { grid-row: auto; }
.grid > .wide { grid-column: 1 / -1; }
h1 { font-size: 26px; line-height: 1.2; letter-spacing: -0.02em; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 13px; font-weight: 600; letter-spacing: 0.02em; color: var(--soft); margin: 0 0 14px; }
.user { display: flex; flex-wrap: wrap; align-items: center; gap: 18px 20px; }
.avatar { width: 64px; height: 64px; flex: none; border-radius: 50%; display: grid; place-items: center; font-size: 23px;
  font-weight: 600; color: var(--on-deep); background: var(--deep); }
.user > div { flex: 1 1 230px; min-width: 0; }
.user p { margin: 3px 0 0; color: var(--soft); overflow-wrap: anywhere; }
.actions { display: flex; flex-wrap: wrap; gap: 10px; }
.actions form { margin: 0; display: flex; }
.button { display: inline-block; font: inherit; font-weight: 550; padding: 9px 16px; border-radius: 8px; cursor: pointer;
  border: 1px solid var(--line); background: var(--wash); color: var(--ink); text-decoration: none; text-align: center; }
.button:hover { border-color: var(--soft); }
.button.main { background: var(--deep); border-color: var(--deep); color: var(--on-deep); }
.button:focus-visible { outline: 2px solid var(--brass); outline-offset: 2px; }
.button[disabled] { opacity: 0.55; cursor: progress; }
.welcome { padding: 48px 24px 52px; text-align: center; }
.welcome p { max-width: 46ch; margin: 12px auto 26px; color: var(--soft); text-wrap: pretty; }
.welcome .button { padding: 12px 30px; }
.problem { border-color: var(--bad); color: var(--bad); padding: 12px 18px; margin-bottom: 16px; }
.limit + .limit { margin-top: 18px; }
.limit div { display: flex; justify-content: space-between; gap: 12px; align-items: baseline; }
.limit b { font-weight: 550; }
.limit output { font-variant-numeric: tabular-nums; font-size: 20px; font-weight: 600; letter-spacing: -0.01em; }
.limit small, .note { display: block; color: var(--soft); font-size: 13.5px; }
.note { margin: 14px 0 0; }
progress { appearance: none; display: block; width: 100%; height: 10px; margin: 7px 0 5px; border: 0; border-radius: 5px;
  overflow: hidden; background: var(--line); }
progress::-webkit-progress-bar { background: var(--line); }
progress::-webkit-progress-value { background: var(--deep); border-radius: 5px; }
progress::-moz-progress-bar { background: var(--deep); border-radius: 5px; }
.absolute progress::-webkit-progress-value { background: var(--brass); }
.absolute progress::-moz-progress-bar { background: var(--brass); }
.cookie-size { display: flex; align-items: baseline; gap: 7px; }
.cookie-size output { font-size: 28px; font-weight: 600; letter-spacing: -0.02em; font-variant-numeric: tabular-nums; }
.cookie-size span { color: var(--soft); }
.stack { display: block; width: 100%; height: 14px; margin: 10px 0 14px; border-radius: 5px; background: var(--line); }
.id { fill: var(--id); background: var(--id); } .tok { fill: var(--tok); background: var(--tok); }
.seen { fill: var(--seen); background: var(--seen); } .end { fill: var(--end); background: var(--end); }
.tx { fill: var(--tx); background: var(--tx); }
dl { margin: 0; font-size: 14.5px; }
dl div { display: flex; gap: 9px; align-items: baseline; padding: 3px 0; }
dl i { display: inline-block; width: 10px; height: 10px; border-radius: 3px; margin-right: 9px; }
dt { flex: none; } dd { margin: 0; color: var(--soft); }
dd:last-child { margin-left: auto; font-variant-numeric: tabular-nums; white-space: nowrap; }
.events { list-style: none; margin: 0; padding: 0; font-size: 14.5px; }
.events li { display: grid; grid-template-columns: 68px minmax(0, 1fr); gap: 2px 10px; padding: 6px 0;
  border-top: 1px solid var(--line); }
.events li:first-child { border-top: 0; padding-top: 0; }
.events time { color: var(--soft); font-variant-numeric: tabular-nums; font-size: 13.5px; line-height: 1.65; }
.events small { display: block; color: var(--soft); font-size: 13.5px; }
.arrow { width: 20px; height: 10px; margin: 0 7px; color: var(--brass); }
.events .failed, .events .session_refused { color: var(--bad); }
.rail { list-style: none; margin: 0; padding: 0; display: grid; grid-auto-flow: column; grid-auto-columns: minmax(0, 1fr); }
.rail li { position: relative; padding-top: 24px; font-size: 14.5px; font-weight: 550; padding-right: 10px; }
.rail li::before { content: ""; position: absolute; top: 0; left: 0; width: 12px; height: 12px; border-radius: 50%;
  background: var(--brass); z-index: 1; }
.rail li::after { content: ""; position: absolute; top: 5px; left: 0; right: 0; height: 2px; background: var(--brass); opacity: 0.45; }
.rail li:last-child::after { display: none; }
.rail li.failed::before { background: var(--bad); }
.rail small { display: block; font-weight: 400; color: var(--soft); font-size: 13.5px; }
.result:empty { display: none; }
.result { margin-top: 16px; }
.result table { width: 100%; border-collapse: collapse; font-size: 15px; }
.result td { padding: 7px 0; border-top: 1px solid var(--line); }
.result tr:first-child td { border-top: 0; }
.result td:last-child { text-align: right; color: var(--soft); white-space: nowrap; }
.result p { margin: 0; }
footer { margin-top: 22px; color: var(--soft); font-size: 13.5px; }
@media (max-width: 720px) {
  .wrap { padding: 0 14px 32px; }
  .grid { grid-template-columns: minmax(0, 1fr); }
  .card { padding: 18px; }
  .grid > .side { order: 1; }
  .grid > .wide { order: 2; }
  .actions { flex: 1 1 100%; }
  .actions form { flex: 1 1 40%; }
  .actions form:first-child { flex-basis: 100%; }
  .actions .button { flex: 1; }
  .rail { grid-auto-flow: row; gap: 0; }
  .rail li { padding: 0 0 14px 24px; }
  .rail li::before { top: 5px; }
  .rail li::after { top: 8px; bottom: -8px; left: 5px; right: auto; width: 2px; height: auto; }
}`;
