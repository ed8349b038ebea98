import { randomBytes } from "node:crypto";
import { type Command, UsageError } from "./command.js";

/** A secret of 256 random bits. */
export const freshSecret = (): string => randomBytes(32).toString("base64url");

export const secret: Command = {
  summary: "prints a fresh secret for LATCHKEY_SECRET",
  run({ positionals }, { print }) {
    if (positionals.length > 0) throw new UsageError("secret takes no arguments");
    print(freshSecret());
    return 0;
  },
};
