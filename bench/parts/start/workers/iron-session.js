import { getIronSession } from "iron-session";
import { secret } from "./shared.js";

const options = { password: secret, cookieName: "session" };

export default {
  async fetch(request) {
    const session = await getIronSession(request, new Response(), options);
    return new Response(session.user?.sub);
  },
};
