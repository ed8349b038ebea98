/** The claims of a JWT, or the parameters of its header: any JSON values. */
export type Members = Readonly<Record<string, unknown>>;

export const isText = (value: unknown): value is string => typeof value === "string" && value !== "";

/** A NumericDate (RFC 7519 2): seconds since the epoch. `JSON.parse` makes Infinity of `1e999`, which is no time. */
const isTime = (value: unknown): value is number => Number.isFinite(value);

/** Checks the times of a JWT (RFC 7519 4.1.4 to 4.1.6): true for each that is right. `now` and `tolerance` in seconds. */
export const checkTimes = ({ exp, iat, nbf }: Members, now: number, tolerance: number) => ({
  // 4.1.4: the token has expired in the second that `exp` names.
  exp: isTime(exp) && exp > now - tolerance,
  iat: isTime(iat) && iat <= now + tolerance,
  nbf: nbf === undefined || (isTime(nbf) && nbf <= now + tolerance),
});

/** The name of the first member that is wrong. */
export const firstWrong = (isRight: Readonly<Record<string, boolean>>): string | undefined =>
  Object.keys(isRight).find((name) => !isRight[name]);
