import { useEffect, useState } from "react";

/** What the article leaves to the reader: the answer of an API that takes an access token. */
export function useApi(url, accessToken) {
  const [response, setResponse] = useState(null);
  useEffect(() => {
    if (!accessToken) return;
    fetch(url, { headers: { Authorization: `Bearer ${accessToken}` } })
      .then((answer) => answer.json())
      .then(setResponse);
  }, [url, accessToken]);
  return { response };
}
