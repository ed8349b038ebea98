import { useAuth } from "../../../../adapters/react/index.js";
import { useApi } from "./use-api.js";

export default function MyShows() {
  const { login, logout, user, isLoading, isAuthenticated, error, accessToken } = useAuth({
    audience: "https://api/tv-shows",
    scope: "read:shows",
  });
  const { response } = useApi("https://api.example/my/shows", accessToken);

  if (error) return <p>{error.message}</p>;
  if (isLoading) return <p>Loading</p>;
  if (!isAuthenticated) {
    return (
      <button
        type="button"
        onClick={() => login({ appState: { returnTo: { pathname: "/shows", query: { page: "1" } } } })}
      >
        Log in
      </button>
    );
  }
  return (
    <div>
      <h1>
        My Favourite TV Shows (<span>{user.email}</span>)
      </h1>
      <ul>
        {response?.shows.map((show) => (
          <li key={show.id}>{show.name}</li>
        ))}
      </ul>
      <button type="button" onClick={() => logout({ returnTo: "http://localhost:3000" })}>
        Log out
      </button>
    </div>
  );
}
