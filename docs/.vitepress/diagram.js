import { instance } from "@viz-js/viz";

const viz = await instance();

/** A color of our own, which graphviz writes as it is; the page's text color takes its place. */
const TEXT = "#010203";

/** Every letter is as wide as graphviz thinks, in whatever font of this kind the reader has. */
const FONT = 'font-family="ui-monospace, Menlo, Consolas, monospace"';

/**
 * Draws a Mermaid state diagram as SVG while the site is built: the page then needs no script and no network.
 * @param {string} source lines such as `idle --> failed: step_failed`
 */
export function drawStates(source) {
  /** @type {Map<string, string[]>} */
  const arrows = new Map();
  for (const [, from, to, event] of source.matchAll(/^ *(\S+) --> (\S+?)(?:: (.+))?$/gm)) {
    const key = `"${from}" -> "${to}"`;
    arrows.set(key, [...(arrows.get(key) ?? []), ...(event ? [event] : [])]);
  }
  const edges = [...arrows].map(
    ([arrow, events]) => `${arrow} [label="${events.map((event) => ` ${event} `).join("\\n")}"]`,
  );
  const svg = viz.renderString(
    `digraph {
      graph [rankdir=TB, bgcolor=transparent, nodesep=0.5, ranksep=0.5]
      node [shape=box, style=rounded, fontname="Courier", fontsize=13, margin="0.16,0.08", color="${TEXT}", fontcolor="${TEXT}"]
      edge [fontname="Courier", fontsize=11, color="${TEXT}", fontcolor="${TEXT}", arrowsize=0.7]
      "[*]" [shape=circle, style=filled, fillcolor="${TEXT}", label="", width=0.18]
      ${edges.join("\n")}
    }`,
    { format: "svg" },
  );
  const drawn = svg
    .slice(svg.indexOf("<svg"))
    .replaceAll(TEXT, "currentColor")
    .replace(/font-family="[^"]*"/g, FONT)
    .replace(/<title>.*?<\/title>\n?/g, "");
  return `<figure class="diagram" role="img" aria-label="State diagram" v-pre>${drawn}</figure>\n`;
}
