/** The environment of an app: variables by their names. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The variable of an option in the environment: `clientId` -> `LATCHKEY_CLIENT_ID`. */
export const variableOf = (option: string): string => `LATCHKEY_${option.replace(/[A-Z]/g, "_$&").toUpperCase()}`;

/** An option as messages name it: both ways to set it. */
export const label = (option: string): string => `${option} (${variableOf(option)})`;
