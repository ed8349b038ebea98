/** What fonts.googleapis.com answers to the layout of create-next-app: names of fonts without files. */
const fontNamed = (name) => `@font-face { font-family: "${name}"; font-weight: 100 900; src: local("${name}"); }`;

module.exports = {
  "https://fonts.googleapis.com/css2?family=Geist:wght@100..900&display=swap": fontNamed("Geist"),
  "https://fonts.googleapis.com/css2?family=Geist+Mono:wght@100..900&display=swap": fontNamed("Geist Mono"),
};
