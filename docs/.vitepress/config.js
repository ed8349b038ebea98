import { defineConfig } from "vitepress";
import { drawStates } from "./diagram.js";
import { slugOf } from "./slug.js";

const repository = "https://github.com/latchkey/latchkey";

/** Pages that TypeDoc makes before the site is built. */
const entries = [
  "latchkey",
  "express",
  "node",
  "edge",
  "next",
  "browser",
  "react",
  "providers",
  "redis",
  "postgres",
  "durable-objects",
  "deno-kv",
  "dpop",
  "check",
  "testing",
];

const pages = (folder, ...list) => list.map(([text, link]) => ({ text, link: `/${folder}/${link}` }));

const sidebar = [
  {
    text: "Start",
    items: pages("start", ["Choose an entry", "choose"], ["Get started", "getting-started"]),
  },
  {
    text: "Runtimes",
    items: pages(
      "guides",
      ["Express and node:http", "express"],
      ["Next.js: App Router", "next-app-router"],
      ["Next.js: Pages Router", "next-pages-router"],
      ["Workers, Deno, Bun, Hono", "edge"],
      ["A page as the client", "browser"],
      ["React", "react"],
      ["A static site", "static-site"],
    ),
  },
  {
    text: "Tasks",
    items: pages(
      "guides",
      ["Protect an API", "protect-an-api"],
      ["Protect an MCP server", "mcp"],
      ["Call an API as the user", "call-an-api"],
      ["The session", "session"],
      ["Sessions without sign-in", "sessions-alone"],
      ["A store, several machines", "stores"],
      ["AWS Lambda", "lambda"],
      ["Deploy", "deploy"],
      ["Run it in production", "operations"],
      ["Logs, metrics and traces", "logging"],
      ["Subdomains", "subdomains"],
      ["Forms of your own, and CSRF", "csrf"],
      ["Sign-out", "sign-out"],
      ["Who may do what", "permissions"],
      ["Several providers", "several-providers"],
      ["When a sign-in fails", "failures"],
      ["Test your app", "testing"],
      ["TypeScript", "typescript"],
    ),
  },
  {
    text: "Providers",
    collapsed: true,
    items: pages(
      "providers",
      ["All of them", "index"],
      ["Auth0", "auth0"],
      ["Okta", "okta"],
      ["Microsoft Entra ID, External ID, Azure AD B2C", "entra"],
      ["Google", "google"],
      ["Apple", "apple"],
      ["Amazon Cognito", "cognito"],
      ["Keycloak", "keycloak"],
      ["Zitadel", "zitadel"],
      ["authentik", "authentik"],
      ["Logto", "logto"],
      ["WorkOS AuthKit", "workos"],
      ["Clerk", "clerk"],
      ["FusionAuth", "fusionauth"],
      ["LINE", "line"],
      ["LinkedIn", "linkedin"],
      ["GitLab", "gitlab"],
      ["GitHub", "github"],
      ["Discord", "discord"],
      ["Facebook", "facebook"],
      ["Slack", "slack"],
      ["Twitch", "twitch"],
      ["Salesforce", "salesforce"],
      ["AD FS", "adfs"],
      ["PingOne and PingFederate", "ping"],
      ["GOV.UK One Login", "gov-uk-one-login"],
      ["login.gov", "login-gov"],
      ["FranceConnect", "france-connect"],
      ["Singpass", "singpass"],
      ["Interoperation", "interoperation"],
    ),
  },
  {
    text: "Understand",
    items: pages(
      "understand",
      ["How a sign-in works", "sign-in"],
      ["The cookies", "cookies"],
      ["Security model", "security"],
      ["Performance", "performance"],
    ),
  },
  {
    text: "Reference",
    items: [
      ...pages(
        "reference",
        ["Options", "options"],
        ["Errors", "errors"],
        ["Events", "events"],
        ["The command latchkey", "cli"],
        ["Supported versions", "supported"],
      ),
      {
        text: "API",
        link: "/reference/api/",
        collapsed: true,
        items: pages(
          "reference/api",
          ...entries.map((name) => [name === "latchkey" ? name : `latchkey/${name}`, name]),
        ),
      },
    ],
  },
  {
    text: "Move to latchkey",
    items: pages("migrate", ["From nextjs-auth0 0.x", "nextjs-auth0"], ["From auth0-react", "auth0-react"]),
  },
  { text: "Troubleshooting", link: "/faq" },
];

export default defineConfig({
  title: "latchkey",
  description:
    "Encrypted cookie sessions and OpenID Connect sign-in for any JavaScript server, edge runtime or web page.",
  lang: "en",
  cleanUrls: true,
  srcExclude: ["README.md"],
  ignoreDeadLinks: [/^https?:\/\/localhost/],
  transformPageData(page) {
    // The widest table takes the place of the list of headings.
    if (page.relativePath === "reference/supported.md") page.frontmatter.aside = false;
  },
  markdown: {
    anchor: { slugify: slugOf },
    toc: { slugify: slugOf },
    headers: { slugify: slugOf },
    config(md) {
      const fence = md.renderer.rules.fence;
      md.renderer.rules.fence = (tokens, index, ...rest) =>
        tokens[index].info.trim() === "mermaid" ? drawStates(tokens[index].content) : fence(tokens, index, ...rest);
    },
  },
  themeConfig: {
    nav: [
      { text: "Get started", link: "/start/getting-started" },
      { text: "Options", link: "/reference/options" },
      { text: "API", link: "/reference/api/" },
      { text: "Troubleshooting", link: "/faq" },
    ],
    sidebar,
    outline: [2, 3],
    search: { provider: "local" },
    socialLinks: [{ icon: "github", link: repository }],
    editLink: { pattern: `${repository}/edit/main/docs/:path` },
  },
});
