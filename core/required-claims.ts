/** A value that a claim may have. */
export type ClaimValue = string | number | boolean;

/**
 * Claims that are required, by name: the claim must be this value, or be a list that has it. Of a list of values, one is enough. A name
 * with dots also reads inside of claims: `"realm_access.roles"`.
 */
export type RequiredClaims = Readonly<Record<string, ClaimValue | readonly ClaimValue[]>>;

type Claims = Readonly<Record<string, unknown>>;

/** A claim of this name; otherwise the member that the parts of the name lead to. */
const claimOf = (claims: Claims, name: string): unknown =>
  claims[name] ??
  name.split(".").reduce<unknown>((value, part) => (value as Claims | undefined | null)?.[part], claims);

/** The name of the first required claim that claims lack. A value that is undefined, such as of a variable, is in no claims. */
export const missingClaim = (claims: Claims, required: RequiredClaims): string | undefined =>
  Object.keys(required).find((name) => {
    const values: readonly unknown[] = [claimOf(claims, name)].flat();
    return ![required[name]].flat().some((value) => value !== undefined && values.includes(value));
  });
