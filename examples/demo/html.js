/** HTML that has been escaped already. Only {@link html} and {@link raw} make one. */
class Markup {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
  }

  toString() {
    return this.text;
  }
}

/** @type {Record<string, string>} */
const entities = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** @param {unknown} value @returns {string} */
const render = (value) => {
  if (value instanceof Markup) return value.text;
  if (Array.isArray(value)) return value.map(render).join("");
  if (value === null || value === undefined || value === false) return "";
  return String(value).replace(/[&<>"']/g, (character) => entities[character] ?? "");
};

/**
 * A template whose values are escaped, wherever they came from; lists are joined, and null, undefined and false are left out.
 * @param {TemplateStringsArray} strings
 * @param {...unknown} values
 */
export const html = (strings, ...values) =>
  new Markup(strings.reduce((text, string, index) => text + render(values[index - 1]) + string));

/** Text that is markup on purpose: the style sheet and the script of a page, never anything a user sent. @param {string} text */
export const raw = (text) => new Markup(text);

/**
 * A value as JSON inside a `<script>` element, where `</script>` and `<!--` would end it early.
 * @param {unknown} value
 */
export const json = (value) => raw(JSON.stringify(value).replaceAll("<", "\\u003c"));
