import { auth0 } from "../../../auth0.js";

export const dynamic = "force-dynamic";

export async function GET() {
  const { user } = await auth0.getSession();
  return Response.json({ name: user.name });
}
