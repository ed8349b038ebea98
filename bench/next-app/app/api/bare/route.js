import { headers } from "next/headers";
import { user } from "../../../../reference.js";

export const dynamic = "force-dynamic";

export async function GET() {
  await headers();
  return Response.json({ name: user.name });
}
