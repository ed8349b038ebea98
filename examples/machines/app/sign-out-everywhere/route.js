import { auth } from "../../auth.js";
import { store } from "../../store.js";

export const POST = auth.requireSession(async (_request, { session }) => {
  await store.signOutEverywhere(session.user.sub);
  return new Response(null, { status: 303, headers: { location: "/" } });
});
