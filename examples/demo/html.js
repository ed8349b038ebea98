/** HTML that is already escaped. Only {@link html} and {@link raw} create it. */
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
 * A template tag that escapes every value. Arrays are joined; null, undefined and false are left out.
 * @param {TemplateStringsArray} strings
 * @param {...unknown} values
 */
export const html = (strings, ...values) =>
  new Markup(strings.reduce((text, string, index) => text + render(values[index - 1]) + string));

/** Marks text as HTML, so that it is not escaped: the style sheet and the script of a page, never input of a user. @param {string} text */
export const raw = (text) => new Markup(text);

/**
 * A value as JSON inside a `<script>` element, where `</script>` and `<!--` would end it early.
 * @param {unknown} value
 */
export const json = (value) => raw(JSON.stringify(value).replaceAll("<", "\\u003c"));
