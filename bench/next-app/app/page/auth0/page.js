import { auth0 } from "../../../auth0.js";

export const dynamic = "force-dynamic";

export default async function Page() {
  const { user } = await auth0.getSession();
  return <p>{user.name}</p>;
}
