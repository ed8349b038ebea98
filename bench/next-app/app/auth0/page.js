import { auth0 } from "../../sessions.js";

export default async function Page() {
  const session = await auth0.getSession();
  return <p>{session.user.name}</p>;
}
