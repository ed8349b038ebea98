"use client";
import { useAuth, withLoginRequired } from "latchkey/react";
import { useEffect, useState } from "react";

const api = process.env.NEXT_PUBLIC_API;
const audience = process.env.NEXT_PUBLIC_AUDIENCE;

function Shows() {
  const { accessToken, error } = useAuth({ audience, scope: "read:shows" });
  const [answer, setAnswer] = useState();

  useEffect(() => {
    if (!accessToken) return;
    const headers = { authorization: `Bearer ${accessToken}` };
    fetch(api, { headers })
      .then(async (response) => setAnswer({ status: response.status, ...(await response.json()) }))
      .catch((cause) => setAnswer({ error: String(cause) }));
  }, [accessToken]);

  if (error) return <p>{error.message}</p>;
  if (!answer) return <p>Loading…</p>;
  return <ul>{answer.shows?.map(({ id, title }) => <li key={id}>{title}</li>) ?? <li>{answer.error}</li>}</ul>;
}

export default withLoginRequired(Shows);
