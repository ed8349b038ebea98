/** Tools that test an app which uses latchkey, without a network, a browser or real time. */
export { createClock, type FixedClock } from "./clock.js";
export type {
  ClaimFault,
  Endpoint,
  Fault,
  FaultName,
  MisbehaveOptions,
  ProtocolFault,
  SignatureFault,
  TransportFault,
} from "./faults.js";
export { type CookieJar, createCookieJar, type RequestContext } from "./jar.js";
export { type MintOptions, mintSession } from "./mint.js";
export { createTestProvider } from "./provider.js";
export type {
  AuthorizationResponse,
  AuthorizeOptions,
  ProviderRequest,
  TestProvider,
  TestProviderOptions,
} from "./provider-options.js";
export type { SigningAlg } from "./tokens.js";
