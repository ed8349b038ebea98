import { createAuth } from "latchkey/next";
import { options } from "./store.js";

/** The machine with Next. */
export const auth = createAuth(options);
