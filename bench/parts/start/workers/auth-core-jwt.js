import { getToken } from "@auth/core/jwt";
import { secret } from "./shared.js";

export default {
  async fetch(req) {
    const token = await getToken({ req, secret, secureCookie: true });
    return new Response(token?.user.sub);
  },
};
