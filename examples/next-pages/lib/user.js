import { useEffect, useState } from "react";

export async function fetchUser() {
  const answer = await fetch("/api/me");
  return answer.ok ? answer.json() : null;
}

/** Who is signed in, asked for by the page itself. */
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
