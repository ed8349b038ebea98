import { createSessions } from "../../../../dist/index.js";
import { secret } from "./shared.js";

const sessions = createSessions({ secret });

export default {
  async fetch(request) {
    const { session } = await sessions.load(request.headers.get("cookie"));
    return new Response(session?.data.user.sub);
  },
};
