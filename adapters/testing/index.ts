/** Everything to test an app that uses latchkey: no network, no waiting, no browser. */
export { createClock, type FixedClock } from "./clock.js";
export type { Endpoint, Fault, IdTokenFault, ProtocolFault, TransportFault } from "./faults.js";
export { type CookieJar, createCookieJar, type RequestContext } from "./jar.js";
export { type MintOptions, mintSession } from "./mint.js";
export {
  type AuthorizationResponse,
  type AuthorizeOptions,
  createTestProvider,
  type ProviderRequest,
  type TestProvider,
  type TestProviderOptions,
} from "./provider.js";
export type { SigningAlg } from "./tokens.js";
