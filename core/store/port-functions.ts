import type { StorePort } from "./port.js";

/** The names of the functions of a port. */
export const PORT_FUNCTIONS = [
  "get",
  "add",
  "replace",
  "extend",
  "delete",
  "addMember",
  "removeMember",
  "members",
] as const;

/** A port that runs each call of another port by `run`. Durations become positive integers. */
export function mapFunctions(port: StorePort, run: (call: () => Promise<never>) => Promise<never>): StorePort {
  type Call = (...args: unknown[]) => Promise<never>;
  const whole = (value: unknown) => (typeof value === "number" ? Math.max(1, Math.ceil(value)) : value);
  const mapped = PORT_FUNCTIONS.map((name): [string, Call] => [
    name,
    (...args) => run(() => (port[name] as Call)(...args.map(whole))),
  ]);
  return Object.fromEntries(mapped) as Record<(typeof PORT_FUNCTIONS)[number], Call>;
}
