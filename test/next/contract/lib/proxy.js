import { auth } from "./auth.js";
import { setClock } from "./options.js";
import { describeError, optionsIn, requirementIn, respondTo } from "./served.js";

/** Serves all test routes except latchkey's own and /untouched, which a page behind the proxy serves. */
const run = auth.withProxy(async (request, context) => {
  const { pathname } = request.nextUrl;
  if (pathname.startsWith("/auth/") || pathname === "/untouched") return undefined;
  const refusal =
    pathname === "/private"
      ? context.requireSession()
      : pathname === "/guarded" && (await context.requireSession(requirementIn(request.nextUrl.searchParams)));
  if (refusal) return refusal;
  try {
    // A proxy has the methods of its second argument alone.
    if (pathname === "/own/enter") return await context.login(optionsIn(request.nextUrl.searchParams));
    if (pathname === "/own/leave") return await context.logout(optionsIn(request.nextUrl.searchParams));
    return await respondTo(request, context);
  } catch (error) {
    if (request.nextUrl.searchParams.has("throw")) throw error;
    const { status, body } = describeError(error);
    return Response.json(body, { status });
  }
});

export function proxy(request, event) {
  setClock(request.headers.get("x-test-now"));
  return request.headers.get("x-test-column") === "proxy" ? run(request, event) : undefined;
}
