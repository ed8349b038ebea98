/** The style sheet of the examples: the colors of the browser, light or dark, from a phone's width up. */
export const style = `
:root { color-scheme: light dark; font: 112%/1.5 system-ui, sans-serif; }
body { max-width: 34em; margin: 0 auto; padding: 2em 1em; overflow-wrap: anywhere; }
h1 { line-height: 1.2; }
form { margin: 1em 0; }
button, [href*=login] { display: inline-block; padding: 0.5em 1em; border: 1px solid; border-radius: 0.5em; font: inherit;
  color: canvas; background: canvastext; text-decoration: none; cursor: pointer; }
pre { white-space: pre-wrap; }
`;

/** A page of an example, as HTML. @param {string} title as HTML @param {string} content as HTML */
export const page = (title, content) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>${style}</style>
<main>
<h1>${title}</h1>
${content}
</main>
`;
