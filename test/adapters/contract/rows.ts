import type { Row } from "./row.js";
import { caching, cookies, hostile } from "./rows/cookies.js";
import { errors } from "./rows/errors.js";
import { guards, requirements, signOut } from "./rows/guards.js";
import { providers } from "./rows/providers.js";
import { resets } from "./rows/resets.js";
import { returnTargets, routes } from "./rows/routes.js";
import { data, rolling } from "./rows/sessions.js";
import { tokens } from "./rows/tokens.js";

/** The behaviours of every adapter, by area. */
export const areas: Readonly<Record<string, readonly Row[]>> = {
  "Sign-in and its routes": routes,
  "Several providers": providers,
  "Return targets": returnTargets,
  "Pages that need a session": guards,
  "What a guard requires": requirements,
  "Sign-out": signOut,
  "Cookies and streamed responses": cookies,
  Caching: caching,
  "Rolling and limits": rolling,
  "The app's own data": data,
  "Access tokens": tokens,
  "Failed sign-ins": errors,
  "Reset connections": resets,
  "Hostile Cookie headers": hostile,
};

export const rows: readonly Row[] = Object.values(areas).flat();
