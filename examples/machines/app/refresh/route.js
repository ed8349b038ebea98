import { auth } from "../../auth.js";

export const POST = auth.requireSession(async (_request, { getAccessToken }) => {
  await getAccessToken({ refresh: true });
  return new Response(null, { status: 303, headers: { location: "/" } });
});
