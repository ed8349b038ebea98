/**
 * The types of an app, which the app registers once. `session.data` and `user` then have them on every entry.
 *
 * ```ts
 * declare module "latchkey" {
 *   interface Register { data: { cart: string[] }; user: { roles: string[] } }
 * }
 * ```
 * `data`: what `onSignIn` begins a session with. `user`: what the app adds to the claims of {@link UserClaims}. Types check no
 * value: `session.schema` checks the data whenever a session is opened.
 */
// biome-ignore lint/suspicious/noEmptyInterface: an app declares its members; TypeScript merges interfaces alone.
export interface Register {}

/** The app's own data in a session: what the app registered, or any JSON object. */
export type RegisteredData = Register extends { data: infer Data } ? Data : Record<string, unknown>;

/** What the app adds to a user, as the app registered it; `unknown` if it registered nothing. */
export type RegisteredUser = Register extends { user: infer Added } ? Added : unknown;
