/** Values of `X-Forwarded-Host`, and the site of `https://one.example` and `https://two.example` that each chooses. */
export const FORWARDED: ReadonlyArray<readonly [forwarded: string, name: "one" | "two"]> = [
  ["two.example", "two"],
  ["TWO.example", "two"],
  ["two.example:443", "two"],
  ["two.example, one.example", "two"],
  [" two.example ,one.example", "two"],
  ["one.example, two.example", "one"],
  ["", "one"],
  [" , two.example", "one"],
  ["two.example:8443", "one"],
  ["evil.example", "one"],
  ["two.example.evil.example", "one"],
];
