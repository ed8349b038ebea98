import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { root } from "./documents.js";

/** The types of options that apps write, and the entry that each is imported from. `of`: options that are not repeated. */
export const tables: Readonly<
  Record<
    string,
    {
      readonly entry: string;
      readonly without?: readonly string[];
      readonly nested?: readonly string[];
      /** The page that has the table. @default "reference/options" */
      readonly page?: string;
    }
  >
> = {
  AuthOptions: { entry: "express", nested: ["session"], without: ["session.cookie"] },
  CookieOptions: { entry: "index" },
  EdgeOptions: { entry: "edge", without: ["AuthOptions"] },
  AccessTokenOptions: { entry: "express" },
  IntrospectionOptions: { entry: "express" },
  StepUpOptions: { entry: "express" },
  DpopOptions: { entry: "dpop" },
  ProtectedResourceOptions: { entry: "express" },
  ClientOptions: { entry: "browser" },
  AuthProviderProps: { entry: "react", without: ["ClientOptions"] },
  SessionProviderProps: { entry: "react" },
  Auth0ProviderProps: { entry: "react", without: ["ClientOptions", "AuthProviderProps"] },
  StandaloneOptions: { entry: "index", without: ["cookie"] },
  SealerOptions: { entry: "index" },
  StoreOptions: { entry: "index" },
  RedisStoreOptions: { entry: "redis", without: ["StoreOptions"] },
  UpstashStoreOptions: { entry: "redis", without: ["StoreOptions", "RedisStoreOptions"] },
  PostgresStoreOptions: { entry: "postgres", without: ["StoreOptions"] },
  DenoKvStoreOptions: { entry: "deno-kv", without: ["StoreOptions"] },
  Auth0Settings: { entry: "next", nested: ["session", "oidcClient"] },
  DescriptionOptions: { entry: "providers", without: ["ProviderOptions"], page: "providers/index" },
  ProviderDifferences: { entry: "providers", page: "providers/index" },
  Auth0Options: { entry: "providers", without: ["DescriptionOptions"], page: "providers/auth0" },
  OktaOptions: { entry: "providers", without: ["DescriptionOptions"], page: "providers/okta" },
  EntraOptions: { entry: "providers", without: ["DescriptionOptions"], page: "providers/entra" },
  EntraExternalIdOptions: { entry: "providers", without: ["DescriptionOptions"], page: "providers/entra" },
  AzureB2cOptions: { entry: "providers", without: ["DescriptionOptions"], page: "providers/entra" },
  GoogleOptions: { entry: "providers", without: ["DescriptionOptions"], page: "providers/google" },
  AppleOptions: { entry: "providers", without: ["DescriptionOptions"], page: "providers/apple" },
  CognitoOptions: { entry: "providers", without: ["DescriptionOptions"], page: "providers/cognito" },
  KeycloakOptions: { entry: "providers", without: ["DescriptionOptions"], page: "providers/keycloak" },
  ZitadelOptions: { entry: "providers", without: ["DescriptionOptions"], page: "providers/zitadel" },
  AuthentikOptions: { entry: "providers", without: ["DescriptionOptions"], page: "providers/authentik" },
  LogtoOptions: { entry: "providers", without: ["DescriptionOptions"], page: "providers/logto" },
  WorkosOptions: { entry: "providers", without: ["DescriptionOptions"], page: "providers/workos" },
  ClerkOptions: { entry: "providers", without: ["DescriptionOptions"], page: "providers/clerk" },
  FusionauthOptions: { entry: "providers", without: ["DescriptionOptions"], page: "providers/fusionauth" },
  LineOptions: { entry: "providers", without: ["DescriptionOptions"], page: "providers/line" },
  LinkedinOptions: { entry: "providers", without: ["DescriptionOptions"], page: "providers/linkedin" },
  GitlabOptions: { entry: "providers", without: ["DescriptionOptions"], page: "providers/gitlab" },
  GithubOptions: { entry: "providers", without: ["DescriptionOptions"], page: "providers/github" },
  DiscordOptions: { entry: "providers", without: ["DescriptionOptions"], page: "providers/discord" },
  FacebookOptions: { entry: "providers", without: ["DescriptionOptions"], page: "providers/facebook" },
  SlackOptions: { entry: "providers", without: ["DescriptionOptions"], page: "providers/slack" },
  TwitchOptions: { entry: "providers", without: ["DescriptionOptions"], page: "providers/twitch" },
  SalesforceOptions: { entry: "providers", without: ["DescriptionOptions"], page: "providers/salesforce" },
  AdfsOptions: { entry: "providers", without: ["DescriptionOptions"], page: "providers/adfs" },
  PingOptions: { entry: "providers", without: ["DescriptionOptions"], page: "providers/ping" },
  GovUkOneLoginOptions: { entry: "providers", without: ["DescriptionOptions"], page: "providers/gov-uk-one-login" },
  LoginGovOptions: { entry: "providers", without: ["DescriptionOptions"], page: "providers/login-gov" },
  FranceConnectOptions: { entry: "providers", without: ["DescriptionOptions"], page: "providers/france-connect" },
  SingpassOptions: { entry: "providers", without: ["DescriptionOptions"], page: "providers/singpass" },
  CheckSetupOptions: { entry: "check" },
  TestProviderOptions: { entry: "testing" },
  CheckStoreOptions: { entry: "testing" },
  MintOptions: { entry: "testing", without: ["AuthOptions"] },
};

/** The entries of the package, by the names of their files. */
export const publishedEntries = Object.keys(
  (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { exports: object }).exports,
)
  .filter((path) => path !== "./package.json")
  .map((path) => (path === "." ? "index" : path.slice(2)));

let compiled: { readonly checker: ts.TypeChecker; readonly program: ts.Program } | undefined;

/** The types as they are published. */
export function published(): {
  readonly checker: ts.TypeChecker;
  exportsOf(entry: string): readonly ts.Symbol[];
  /** The declarations of an entry. */
  fileOf(entry: string): ts.SourceFile;
} {
  if (!compiled) {
    const program = ts.createProgram(
      publishedEntries.map((entry) => join(root, `dist/${entry}.d.ts`)),
      {
        module: ts.ModuleKind.ESNext,
        moduleResolution: ts.ModuleResolutionKind.Bundler,
        target: ts.ScriptTarget.ES2022,
        strict: true,
        skipLibCheck: true,
        noEmit: true,
        types: ["node"],
      },
    );
    compiled = { program, checker: program.getTypeChecker() };
  }
  const { checker, program } = compiled;
  function fileOf(entry: string): ts.SourceFile {
    const file = program.getSourceFile(join(root, `dist/${entry}.d.ts`));
    if (!file) throw new Error(`there is no entry ${entry}: npm run build`);
    return file;
  }
  return {
    checker,
    fileOf,
    exportsOf: (entry) => checker.getExportsOfModule(checker.getSymbolAtLocation(fileOf(entry)) as ts.Symbol),
  };
}

/** A type that an entry exports. */
export function typeOf(entry: string, name: string): ts.Type {
  const { checker, exportsOf } = published();
  const symbol = exportsOf(entry).find((each) => each.name === name);
  if (!symbol) throw new Error(`latchkey/${entry} exports no ${name}`);
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  return checker.getDeclaredTypeOfSymbol(target);
}

/** The members of a union of strings. */
export const membersOf = (type: ts.Type): readonly string[] =>
  (type.isUnion() ? type.types : [type]).flatMap((each) => (each.isStringLiteral() ? [each.value] : []));

interface Option {
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly preset: string | undefined;
  readonly variable: string | undefined;
  readonly meaning: string;
}

/** A docstring on one line for a table, with links as code and with escaped bars. */
const plain = (text: string): string =>
  text
    .replace(/\{@link (\w+)[^}]*\}/g, "`$1`")
    .replace(/\s+/g, " ")
    .replaceAll("|", "\\|")
    .replaceAll("<", "&lt;")
    .trim();

/** A default as code, if it is a value and not a description. */
const asCode = (text: string): string => (/^("[^"]*"|true|false|[\d_]+)$/.test(text) ? `\`${text}\`` : text);

function describe(symbol: ts.Symbol, name: string): Option {
  const { checker } = published();
  const [declaration] = symbol.declarations ?? [];
  const tags = symbol.getJsDocTags(checker);
  const tag = tags.find((each) => each.name === "default");
  const text = ts.displayPartsToString(symbol.getDocumentationComment(checker));
  const [, variable] = /Variable: `(LATCHKEY_\w+)`/.exec(text) ?? [];
  return {
    name,
    type: declaration && ts.isPropertySignature(declaration) ? typeText(declaration) : "",
    isRequired: !(symbol.flags & ts.SymbolFlags.Optional),
    preset: tag && asCode(plain(ts.displayPartsToString(tag.text))),
    variable,
    meaning: plain(
      text.replace(/\s*Variable: `LATCHKEY_\w+`(?:, ([^.]+))?\./, (_all, form?: string) =>
        form ? ` In the variable: ${form}.` : "",
      ),
    ),
  };
}

/** A type as it is written, except that unions of strings, and of strings and interfaces, are written out. */
function typeText(declaration: ts.PropertySignature): string {
  const { checker } = published();
  const node = declaration.type;
  if (!node) return "";
  const type = checker.getNonNullableType(checker.getTypeFromTypeNode(node));
  if (type.isUnion() && membersOf(type).length > 1) {
    const shown = type.types.filter((each) => each.isStringLiteral() || each.isClassOrInterface());
    return shown.map((each) => checker.typeToString(each)).join(" | ");
  }
  return node
    .getText()
    .replace(/import\(.*?\)\./g, "")
    .replace(/\s*\/\*\*.*?\*\/\s*/gs, " ")
    .replace(/\s+/g, " ")
    .replace(/^\((.*)\) \| undefined$/, "$1")
    .replace(/ \| undefined$/, "");
}

function optionsOf(name: string): readonly Option[] {
  const table = tables[name];
  if (!table) throw new Error(`no table ${name}`);
  const { checker } = published();
  const { entry, without = [], nested = [] } = table;
  const elsewhere = new Set(
    without.flatMap((each) =>
      /^[A-Z]/.test(each)
        ? checker.getPropertiesOfType(typeOf(tables[each]?.entry ?? entry, each)).map((property) => property.name)
        : [each],
    ),
  );
  return checker.getPropertiesOfType(typeOf(entry, name)).flatMap((property) => {
    if (elsewhere.has(property.name)) return [];
    if (!nested.includes(property.name)) return [describe(property, property.name)];
    const type = checker.getNonNullableType(checker.getTypeOfSymbol(property));
    return checker
      .getPropertiesOfType(type)
      .map((inner) => describe(inner, `${property.name}.${inner.name}`))
      .filter((inner) => !elsewhere.has(inner.name));
  });
}

/** The table of one type of options, as Markdown. */
export function drawOptions(name: string): string {
  const rows = optionsOf(name).map(({ name, type, isRequired, preset, variable, meaning }) => {
    const value = isRequired ? "required" : preset && `default: ${preset}`;
    const facts = [type && `\`${type.replaceAll("|", "\\|")}\``, value, variable && `\`${variable}\``];
    return `| \`${name}\` | ${facts.filter(Boolean).join("<br>")} | ${meaning} |`;
  });
  return ["| option | type, default, variable | meaning |", "| --- | --- | --- |", ...rows].join("\n");
}
