import { useEffect, useState } from "react";

/** The article does not show this hook: it returns the response of an API that takes an access token. */
export function useApi(url, accessToken) {
  const [response, setResponse] = useState(null);
  useEffect(() => {
    if (!accessToken) return;
    fetch(url, { headers: { Authorization: `Bearer ${accessToken}` } })
      .then((response) => response.json())
      .then(setResponse);
  }, [url, accessToken]);
  return { response };
}
