import { auth } from "../../../lib/auth.js";
import { setClock } from "../../../lib/options.js";

const timed = (handler) => (request) => {
  setClock(request.headers.get("x-test-now"));
  return handler(request);
};

export const GET = timed(auth.handlers.GET);
export const POST = timed(auth.handlers.POST);
