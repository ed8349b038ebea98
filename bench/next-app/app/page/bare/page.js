import { headers } from "next/headers";
import { user } from "../../../../reference.js";

export const dynamic = "force-dynamic";

export default async function Page() {
  await headers();
  return <p>{user.name}</p>;
}
