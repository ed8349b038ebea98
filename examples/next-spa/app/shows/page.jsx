"use client";
import { useAuth, withLoginRequired } from "latchkey/react";
import Link from "next/link";
import { useEffect, useState } from "react";

const api = process.env.NEXT_PUBLIC_API;
const audience = process.env.NEXT_PUBLIC_AUDIENCE;

function Shows() {
  const { accessToken, error } = useAuth({ audience, scope: "read:shows" });
  const [result, setResult] = useState();

  useEffect(() => {
    if (!accessToken) return;
    const headers = { authorization: `Bearer ${accessToken}` };
    fetch(api, { headers })
      .then(async (response) => setResult(await response.json()))
      .catch((cause) => setResult({ error: String(cause) }));
  }, [accessToken]);

  return (
    <main>
      <h1>Shows</h1>
      {error ? <p>{error.message}</p> : !result && <p>Loading…</p>}
      {result && <ul>{result.shows?.map(({ id, title }) => <li key={id}>{title}</li>) ?? <li>{result.error}</li>}</ul>}
      <Link href="/">Home</Link>
    </main>
  );
}

export default withLoginRequired(Shows);
