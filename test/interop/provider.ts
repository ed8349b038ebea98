import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { Page } from "playwright-core";
import type { AuthOptions } from "../../adapters/lib/auth-options.js";
import type { PrivateKeyJwtOptions } from "../../adapters/lib/private-key-jwt.js";
import type { Exception } from "./exceptions.js";
import type { RowId } from "./rows.js";

/** A client as a test registers it at a provider. */
export interface ClientRegistration {
  readonly id: string;
  /** A confidential client has a secret or a key; a page has neither. */
  readonly secret?: string;
  /** The public key of `private_key_jwt`. */
  readonly publicKey?: JsonWebKey;
  /** The origin of the app. */
  readonly origin: string;
  readonly redirectUri: string;
  readonly postLogoutUri: string;
  readonly backchannelUri?: string;
}

/** A page of a provider that waits for the user. */
interface ProviderPage {
  /** A part of the page that no other page has. */
  readonly selector: string;
  /** Does what the user does. The part is gone afterwards. */
  answer(page: Page): Promise<unknown>;
}

/** The exceptions of a provider, whatever world the proof of each takes. */
export type Exceptions = Readonly<Partial<Record<RowId, Exception<never>>>>;

/** A provider that runs. */
export interface RunningProvider {
  readonly issuer: string;
  /** Where the discovery document is, if not under the issuer. */
  readonly discoveryUrl?: string;
  /** The pages of the provider, by what they ask for. */
  readonly pages: Readonly<Partial<Record<"password" | "consent" | "sign-out" | "continue", ProviderPage>>>;
  stop(): Promise<void>;
}

/** An independently written OpenID Provider. */
export interface Provider {
  readonly name: string;
  /** What to install, where the provider is not installed. */
  readonly missing: string | undefined;
  /** The version of what is installed. */
  version(): string;
  /** The claims of the user who signs in, beside `sub`. */
  readonly user: Readonly<Record<string, unknown>>;
  /** Options that an app on a server needs at this provider. */
  readonly options?: AuthOptions;
  /** Parameters that a sign-out needs to come back to the app. */
  readonly logoutParams?: Readonly<Record<string, string>>;
  /** Further options of an app whose client has a key. */
  readonly keyOptions?: PrivateKeyJwtOptions;
  /** The rows that no app can pass, and those that the page's client cannot pass. */
  readonly exceptions?: Exceptions;
  readonly pageExceptions?: Exceptions;
  /** A fault beyond the rows, which the last test in each app on a server proves. */
  readonly fault?: Exception<never>;
  /** Starts the provider on a free port of this machine. */
  start(clients: readonly ClientRegistration[]): Promise<RunningProvider>;
}

/** Whether a program is installed. */
export const hasProgram = (name: string): boolean =>
  (process.env["PATH"] ?? "").split(delimiter).some((folder) => existsSync(join(folder, name)));

/** The upstream version of a Debian package, without the revision of the packaging. */
export function debianVersion(name: string): string {
  const status = execFileSync("dpkg-query", ["--status", name], { encoding: "utf8" });
  return (/^Version: (.*)$/m.exec(status)?.[1] ?? "").replace(/^\d+:|[+-].*$/g, "");
}

/** An empty folder for the files of a provider. */
export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), "latchkey-interop-"));
