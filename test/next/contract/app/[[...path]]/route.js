import { auth } from "../../lib/auth.js";
import { setClock } from "../../lib/options.js";
import { serveWith } from "../../lib/served.js";

export const dynamic = "force-dynamic";
// Next then caches each fetch that does not say otherwise: neither the provider nor a store may be cached.
export const fetchCache = "default-cache";

const serve = serveWith(auth);

const handler = (request) => {
  setClock(request.headers.get("x-test-now"));
  return serve(request);
};

export { handler as DELETE, handler as GET, handler as POST, handler as PUT };
