import { auth } from "../../../auth.js";

export const dynamic = "force-dynamic";

export async function GET() {
  const { user } = await auth.getSession();
  return Response.json({ name: user.name });
}
