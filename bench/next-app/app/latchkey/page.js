import { auth } from "../../sessions.js";

export default async function Page() {
  const session = await auth.getSession();
  return <p>{session.user.name}</p>;
}
