import { auth } from "../../auth.js";

export default async function Account() {
  const { user } = await auth.requireSession({ returnTo: "/account" });
  return <pre>{JSON.stringify(user, null, 2)}</pre>;
}
