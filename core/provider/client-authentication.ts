import type { Ports } from "../ports.js";
import type { ProviderSettings } from "./settings.js";

/** An assertion with which the client authenticates (RFC 7521 4.2): `privateKeyJwt(key)` makes one. */
export interface ClientAssertion {
  /** Called when the options are checked. @throws MisuseError (`invalid_config`) if it cannot make assertions */
  check?(): void;
  /** Adds an assertion to the form of a request to an endpoint. */
  addTo(
    form: URLSearchParams,
    client: { readonly issuer: string; readonly clientId: string; readonly endpoint: string },
    ports: { now(): number; random(bytes: number): Uint8Array },
  ): Promise<void>;
}

/** How the client authenticates to the provider (OpenID Connect Core 9). */
export type ClientAuthentication = "client_secret_basic" | "client_secret_post" | "none" | ClientAssertion;

/** The credentials with which the client authenticates. */
export interface ClientCredentials {
  readonly clientSecret?: string | undefined;
  readonly clientAuthentication: ClientAuthentication;
}

/** Text in the encoding of forms (RFC 6749 appendix B). */
const formEncoded = (text: string): string => new URLSearchParams({ "": text }).toString().slice(1);

/** Authenticates the client in a request: adds to its form, or returns headers to add. */
export async function authenticate(
  settings: ClientCredentials & Pick<ProviderSettings, "issuer" | "clientId"> & { readonly endpoint: string },
  ports: Ports,
  form: URLSearchParams,
): Promise<Record<string, string>> {
  const { clientId, clientSecret = "", clientAuthentication } = settings;
  // RFC 6749 2.3.1
  if (clientAuthentication === "client_secret_basic") {
    return { authorization: `Basic ${btoa(`${formEncoded(clientId)}:${formEncoded(clientSecret)}`)}` };
  }
  form.set("client_id", clientId);
  if (clientAuthentication === "client_secret_post") form.set("client_secret", clientSecret);
  if (typeof clientAuthentication !== "string") await clientAuthentication.addTo(form, settings, ports);
  return {};
}
