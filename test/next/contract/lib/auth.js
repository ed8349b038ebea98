import { createAuth } from "latchkey/next";
import { options } from "./options.js";

export const auth = createAuth(options);
