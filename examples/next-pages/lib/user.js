import { useEffect, useState } from "react";

export async function fetchUser() {
  const response = await fetch("/api/me");
  return response.ok ? response.json() : null;
}

/** The signed-in user, fetched by the page in the browser. */
export function useUser() {
  const [state, setState] = useState({ user: null, loading: true });
  useEffect(() => {
    let isMounted = true;
    fetchUser().then((user) => {
      if (isMounted) setState({ user, loading: false });
    });
    return () => {
      isMounted = false;
    };
  }, []);
  return state;
}
