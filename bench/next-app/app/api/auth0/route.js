import { auth0 } from "../../../sessions.js";

export async function GET() {
  const session = await auth0.getSession();
  return Response.json({ name: session.user.name });
}
