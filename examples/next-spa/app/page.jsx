import Link from "next/link";
import { connection } from "next/server";
import { Greeting } from "./greeting.jsx";

/** A public page. The static variant renders it at build time, the serverless variant at each request. */
export default async function Home() {
  if (process.env.VARIANT === "serverless") await connection();
  return (
    <main>
      <h1>TV shows</h1>
      <p>
        Rendered at <time>{new Date().toISOString()}</time>
      </p>
      <Greeting />
      <p>
        <Link href="/shows/">Shows</Link>, a page that needs a user
      </p>
    </main>
  );
}
