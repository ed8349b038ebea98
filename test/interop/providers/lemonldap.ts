import { generateKeyPairSync } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, startServer } from "../../support/process.js";
import {
  lostAfterConsent,
  noBackchannel,
  noIss,
  noKeys,
  noPar,
  noRevocation,
  noRotation,
  rawSecrets,
} from "../exceptions.js";
import { type ClientRegistration, debianVersion, hasProgram, type Provider, temporaryFolder } from "../provider.js";

const PORTAL = "/usr/share/lemonldap-ng/portal";
const PACKAGES =
  "liblemonldap-ng-portal-perl starman libcrypt-openssl-rsa-perl libcrypt-openssl-bignum-perl libconvert-pem-perl libstring-random-perl libio-string-perl";
const MODULES = ["Lemonldap/NG/Portal.pm", "String/Random.pm", "Convert/PEM.pm", "IO/String.pm"];
const isInstalled =
  hasProgram("starman") && existsSync(PORTAL) && MODULES.every((path) => existsSync(join("/usr/share/perl5", path)));

/** The members of the configuration that describe the clients. */
function relyingParties(clients: readonly ClientRegistration[]): object {
  const forEach = (value: (client: ClientRegistration) => object) =>
    Object.fromEntries(clients.map((client) => [client.id, value(client)]));
  return {
    oidcRPMetaDataOptions: forEach(({ id, secret, redirectUri, postLogoutUri }) => ({
      oidcRPMetaDataOptionsClientID: id,
      oidcRPMetaDataOptionsClientSecret: secret ?? "",
      oidcRPMetaDataOptionsPublic: secret ? 0 : 1,
      oidcRPMetaDataOptionsRequirePKCE: 1,
      oidcRPMetaDataOptionsRedirectUris: redirectUri,
      oidcRPMetaDataOptionsPostLogoutRedirectUris: postLogoutUri,
      oidcRPMetaDataOptionsIDTokenSignAlg: "RS256",
      oidcRPMetaDataOptionsRefreshToken: 1,
      // Of the clients of a server, the one without a secret shows the page.
      oidcRPMetaDataOptionsBypassConsent: id.endsWith("-key") ? 0 : 1,
    })),
    oidcRPMetaDataExportedVars: forEach(() => ({ name: "cn", email: "mail" })),
    oidcRPMetaDataMacros: forEach(() => ({})),
    oidcRPMetaDataScopeRules: forEach(() => ({})),
    oidcRPMetaDataOptionsExtraClaims: forEach(() => ({})),
  };
}

/** The package's configuration, as an OpenID Provider with the demonstration's users and with files in `folder`. */
function configuration(folder: string, issuer: string, clients: readonly ClientRegistration[]): object {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const packaged = JSON.parse(readFileSync("/var/lib/lemonldap-ng/conf/lmConf-1.json", "utf8"));
  const storage = { Directory: join(folder, "sessions"), LockDirectory: join(folder, "sessions/lock") };
  return {
    ...packaged,
    domain: "localhost",
    portal: `${issuer}/`,
    cookieName: "lemonldap",
    securedCookie: 0,
    globalStorageOptions: { ...packaged.globalStorageOptions, ...storage },
    persistentStorage: "Apache::Session::File",
    persistentStorageOptions: storage,
    localSessionStorageOptions: { ...packaged.localSessionStorageOptions, cache_root: join(folder, "cache") },
    notification: 0,
    // These need a mail server, and Perl modules that the packages above do not bring.
    registerDB: "Null",
    portalDisplayResetPassword: 0,
    issuerDBOpenIDConnectActivation: 1,
    oidcServiceMetaDataIssuer: issuer,
    oidcServicePrivateKeySig: privateKey,
    oidcServicePublicKeySig: publicKey,
    oidcServiceKeyIdSig: "1",
    oidcServiceAllowAuthorizationCodeFlow: 1,
    oidcServiceAllowOffline: 1,
    ...relyingParties(clients),
  };
}

/** Writes the files of one server. Returns its environment. */
function writeFiles(folder: string, issuer: string, clients: readonly ClientRegistration[]): Record<string, string> {
  for (const name of ["conf", "cache", "sessions/lock", "perl/GD"]) mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, "conf/lmConf-1.json"), JSON.stringify(configuration(folder, issuer, clients)));
  const settings = join(folder, "lemonldap-ng.ini");
  writeFileSync(
    settings,
    `[all]
logLevel = error
[configuration]
type = File
dirName = ${join(folder, "conf")}
localStorage = Cache::FileCache
localStorageOptions = { 'namespace' => 'configuration', 'default_expires_in' => 600, 'directory_umask' => '007', 'cache_root' => '${join(folder, "cache")}', 'cache_depth' => 3 }
[portal]
staticPrefix = /static
templateDir = ${join(PORTAL, "templates")}
languages = en
`,
  );
  // The portal loads the module of pictures with letters to type, which the tests do not use.
  writeFileSync(join(folder, "perl/GD/SecurityImage.pm"), "package GD::SecurityImage;\nsub import {}\n1;\n");
  const app = join(folder, "app.psgi");
  writeFileSync(
    app,
    `use Plack::Builder;
use Lemonldap::NG::Portal::Main;
builder {
  enable "Plack::Middleware::Static", path => sub { s!^/static/!! }, root => "${PORTAL}/htdocs/static/";
  enable "Plack::Middleware::Static", path => sub { s!^/javascript/!! }, root => "/usr/share/javascript/";
  Lemonldap::NG::Portal::Main->run({});
};
`,
  );
  return { LLNG_DEFAULTCONFFILE: settings, PERL5LIB: join(folder, "perl") };
}

/** The portal of LemonLDAP::NG, written in Perl. */
export const lemonldap: Provider = {
  name: "lemonldap-ng",
  missing: isInstalled ? undefined : `apt-get install ${PACKAGES}`,
  version: () => debianVersion("liblemonldap-ng-portal-perl"),
  user: { name: "Doctor Who", email: "dwho@badwolf.org" },
  options: { clientAuthentication: "client_secret_post", userinfo: true },
  exceptions: {
    basic: rawSecrets,
    iss: noIss,
    par: noPar,
    rotation: noRotation,
    revocation: noRevocation,
    backchannel: noBackchannel,
    privateKeyJwt: noKeys,
  },
  fault: lostAfterConsent,
  async start(clients) {
    const [folder, port] = [temporaryFolder(), await freePort()];
    const issuer = `http://localhost:${port}`;
    const variables = writeFiles(folder, issuer, clients);
    const args = [
      "--host",
      "127.0.0.1",
      "--port",
      `${port}`,
      "--workers",
      "2",
      "--preload-app",
      "--disable-keepalive",
      join(folder, "app.psgi"),
    ];
    const child = await startServer(["starman", args], port, variables);
    return {
      issuer,
      pages: {
        password: {
          selector: "#passwordfield",
          async answer(page) {
            await page.fill("#userfield", "dwho");
            await page.fill("#passwordfield", "dwho");
            await page.click("button[type=submit].btn-success");
          },
        },
        consent: { selector: ".oidc_consent_message", answer: (page) => page.click("button.positive") },
        "sign-out": { selector: ".oidc_logout_message", answer: (page) => page.click("button.positive") },
      },
      async stop() {
        const ended = new Promise((resolve) => child.once("exit", resolve));
        child.kill();
        await ended;
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },
};
