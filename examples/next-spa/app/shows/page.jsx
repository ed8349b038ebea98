"use client";
import { useAuth, withLoginRequired } from "latchkey/react";
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

  if (error) return <p>{error.message}</p>;
  if (!result) return <p>Loading…</p>;
  return <ul>{result.shows?.map(({ id, title }) => <li key={id}>{title}</li>) ?? <li>{result.error}</li>}</ul>;
}

export default withLoginRequired(Shows);
