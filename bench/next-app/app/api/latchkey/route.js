import { auth } from "../../../sessions.js";

export async function GET() {
  const session = await auth.getSession();
  return Response.json({ name: session.user.name });
}
