import { must } from "../../core/errors.js";
import { ANY, checkOptions, type Examples, type ExamplesOf, OBJECT, TEXT } from "../../core/options.js";
import type { ProviderDifferences } from "../../core/provider/differences.js";
import type { DiscoveryDocument } from "../../core/provider/discovery-document.js";
import type { ProviderOptions } from "../lib/auth-options.js";
import { urlOf } from "../lib/checks.js";

/** The options of every description: those of a client that the provider does not decide. */
export interface DescriptionOptions extends Omit<ProviderOptions, "issuer" | "differences"> {
  /**
   * Whether the provider's revocation endpoint is used: a sign-out then revokes the refresh token. Some providers end more with it than
   * this session. @default true
   */
  revocation?: boolean;
}

const clientExamples: ExamplesOf<DescriptionOptions> = {
  clientId: TEXT,
  clientSecret: TEXT,
  clientAuthentication: ANY,
  scope: TEXT,
  audience: ANY,
  resourceIndicators: true,
  authorizationParams: OBJECT,
  responseMode: TEXT,
  idTokenSigningAlg: TEXT,
  userinfo: true,
  logout: TEXT,
  callbackPath: TEXT,
  label: TEXT,
  revocation: true,
};

/** What a description says of a provider: the options that the user did not set, and the differences. */
interface Described extends ProviderOptions {
  readonly issuer: string;
  readonly differences?: ProviderDifferences;
}

/**
 * The options of a client at a provider that a description knows. What the user has set stays; parameters of both are merged.
 * @param own the options of this description, by an example each; those in `required` must be set
 * @throws MisuseError (`invalid_config`) that names all that is missing, unknown or of another type
 */
export function describeProvider<Options extends DescriptionOptions>(
  name: string,
  options: Options,
  own: Examples & { readonly [Name in Exclude<keyof Options, keyof DescriptionOptions>]-?: unknown },
  required: readonly (keyof Options & string)[],
  describe: (options: Options) => Described,
): ProviderOptions {
  const missing = required.filter((each) => options?.[each] === undefined).map((each) => `set ${name}.${each}`);
  checkOptions(options, { ...clientExamples, ...own }, missing, `${name}.`);
  const { authorizationParams, differences, ...described } = describe(options);
  urlOf(described.issuer, name);
  const client = Object.entries(options).filter(
    ([each, value]) => each in clientExamples && each !== "revocation" && value !== undefined,
  );
  const metadata: Partial<DiscoveryDocument> = {
    ...differences?.metadata,
    ...(options.revocation === false ? { revocation_endpoint: undefined } : {}),
  };
  const params = { ...authorizationParams, ...options.authorizationParams };
  return {
    ...described,
    ...Object.fromEntries(client),
    ...(Object.keys(params).length ? { authorizationParams: params } : {}),
    differences: { ...differences, ...(Object.keys(metadata).length ? { metadata } : {}) },
  };
}

/** A host name, whether it was copied from the address bar or not. @throws MisuseError (`invalid_config`) for anything else */
export function hostOf(value: string, option: string): string {
  const host = value.replace(/^https?:\/\/|\/+$/g, "");
  must(/^[a-z\d.-]+(:\d+)?$/i.test(host), `${option} must be a host, such as login.example.com`);
  return host;
}

/** A URL without a slash at its end. */
export const withoutSlash = (url: string): string => url.replace(/\/+$/, "");

/** A part of a path. @throws MisuseError (`invalid_config`) for text that could change the rest of the URL */
export function partOf(value: string, option: string): string {
  must(/^[\w.~-]+$/.test(value) && !/^\.+$/.test(value), `${option} must be a name, without slashes and blanks`);
  return value;
}
