import type { Awaitable } from "../ports.js";

/** The part of Standard Schema v1 (standardschema.dev) that is called: Zod, Valibot, ArkType and others have it. */
export interface StandardSchema<Output> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    validate(
      value: unknown,
    ): Awaitable<{ readonly value: Output; readonly issues?: undefined } | { readonly issues: ReadonlyArray<unknown> }>;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

/** The value as the schema gives it back, or undefined when it does not fit. */
export async function conform<Output>(
  schema: StandardSchema<Output> | undefined,
  value: unknown,
): Promise<{ value: Output } | undefined> {
  if (!schema) return { value: value as Output };
  try {
    const result = await schema["~standard"].validate(value);
    return "value" in result && !result.issues ? result : undefined;
  } catch {
    // A schema that throws has not accepted: the session is refused, the request goes on.
    return undefined;
  }
}
