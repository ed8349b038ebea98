import { type Awaitable, chain, isPromise } from "../awaitable.js";
import { must } from "../errors.js";

/** The part of Standard Schema v1 (standardschema.dev) that latchkey calls. Zod, Valibot, ArkType and others implement it. */
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

/** @throws MisuseError (`invalid_config`) unless the schema is left out, or is one */
export const mustBeSchema = (schema: StandardSchema<unknown> | undefined): void =>
  must(!schema || schema["~standard"]?.validate, "session.schema must be a Standard Schema, as Zod makes them");

/** The value as the schema returns it, or undefined when it does not fit; synchronously if the schema is synchronous. */
export function conform<Output>(
  schema: StandardSchema<Output> | undefined,
  value: unknown,
): Awaitable<{ value: Output } | undefined> {
  if (!schema) return { value: value as Output };
  try {
    const result = chain(schema["~standard"].validate(value), (result) =>
      "value" in result && !result.issues ? result : undefined,
    );
    return isPromise(result) ? result.catch(() => undefined) : result;
  } catch {
    // A schema that throws has not accepted the data: the session is refused, the request goes on.
    return undefined;
  }
}
