import { check } from "./check.js";
import type { Command } from "./command.js";
import { init } from "./init/index.js";
import { inspect } from "./inspect/index.js";
import { schema } from "./schema.js";
import { secret } from "./secret.js";

/** The commands of `npx latchkey`, in the order of the help. */
export const commands: Readonly<Record<string, Command>> = { init, check, inspect, secret, schema };
