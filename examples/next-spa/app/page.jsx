import Link from "next/link";
import { connection } from "next/server";
import { Greeting } from "./greeting.jsx";

/** Public: made when the site is built, or by the server for each request. */
export default async function Home() {
  if (process.env.FLAVOUR === "serverless") await connection();
  return (
    <main>
      <h1>TV shows</h1>
      <p>
        Made at <time>{new Date().toISOString()}</time>
      </p>
      <Greeting />
      <Link href="/shows/">Shows</Link>
    </main>
  );
}
