import type { DiscoveryDocument } from "../../core/provider/discovery-document.js";
import type { RelyingPartyConfig } from "../../core/relying-party/config.js";
import type { Report } from "./findings.js";
import type { Setup } from "./options.js";
import type { Probe } from "./probe.js";

/** What the checks of one run share. */
export interface CheckContext extends Setup {
  readonly report: Report;
  readonly probe: Probe;
  now(): number;
  random(bytes: number): Uint8Array;
}

/** The discovery document of the provider, whose `issuer` is text. */
export type Metadata = DiscoveryDocument & Readonly<Record<string, unknown>>;

/** What the checks of the client need. */
export interface ClientContext extends CheckContext {
  readonly config: RelyingPartyConfig<unknown>;
  readonly metadata: Metadata;
}

/** A member of the discovery document that is a list of texts; undefined without it. */
export function listIn(metadata: Metadata, member: string): readonly string[] | undefined {
  const value = metadata[member];
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : undefined;
}
