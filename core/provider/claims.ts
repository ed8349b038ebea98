/** The claims of a JWT, or the parameters of its header: any JSON values. */
export type Members = Readonly<Record<string, unknown>>;

export const isText = (value: unknown): value is string => typeof value === "string" && value !== "";

/** A NumericDate (RFC 7519 2): seconds since the epoch. `JSON.parse` makes Infinity of `1e999`, which is no time. */
const isTime = (value: unknown): value is number => Number.isFinite(value);

/** Which of the times of a JWT are right (RFC 7519 4.1.4 to 4.1.6). `now` and `tolerance` in seconds. */
export const timesHold = ({ exp, iat, nbf }: Members, now: number, tolerance: number) => ({
  // 4.1.4: over on the second that it names.
  exp: isTime(exp) && exp > now - tolerance,
  iat: isTime(iat) && iat <= now + tolerance,
  nbf: nbf === undefined || (isTime(nbf) && nbf <= now + tolerance),
});

/** The name of the first member that does not hold. */
export const wrongMember = (holds: Readonly<Record<string, boolean>>): string | undefined =>
  Object.keys(holds).find((name) => !holds[name]);
