import { auth } from "../../../auth.js";

export const dynamic = "force-dynamic";

export default async function Page() {
  const { user } = await auth.getSession();
  return <p>{user.name}</p>;
}
