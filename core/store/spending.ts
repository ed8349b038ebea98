/** Milliseconds for which the result of a spent refresh token serves other requests after a response has carried it. */
export const RELEASED_LIFE = 30_000;
/** Milliseconds for which the result serves other requests while no response has carried it. */
export const HELD_LIFE = 3_600_000;

/** The result of a refresh, with the refresh token that replaces the spent one. */
export interface WithRefreshToken {
  readonly refreshToken: string;
}

/** The entry of a spent refresh token in the store. */
export interface SharedEntry {
  /** The audience and scope that the token was spent for. */
  readonly tokenKey: string;
  /** Another machine spent it. */
  readonly isOthers: boolean;
  /** Tells the other machines that a response has carried the result. */
  release(): void;
}

/** A request that has a refresh token to spend. */
export interface Spending<Result extends WithRefreshToken> {
  readonly refreshToken: string;
  /** The audience and scope of the access token that the request needs: a result for others does not serve it. */
  readonly tokenKey: string;
  /** Whether the request needs another result: it has this one already, or the access token in it has expired. */
  mustReplace(result: Result): boolean;
  /** Does all that must be done before the refresh token may be spent. */
  prepare(): Promise<Spend<Result>>;
}

/**
 * Sends the token request at once: its time-out begins with the call.
 * @param patience milliseconds to wait for other machines before
 * @param onShared gets the entry in the store before there is a result; not called without a store
 */
export type Spend<Result> = (
  refreshToken: string,
  patience: number,
  onShared: (entry: SharedEntry) => void,
) => Promise<Result>;
