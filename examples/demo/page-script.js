/**
 * The page's only script, which runs in the browser: bars that tick, and buttons that do not leave the page. Without it the
 * page works too. After each click the server's new page is fetched and its live parts taken over, so that there is one renderer.
 * Nothing is polled: a page that asked every second would count as activity and keep its session alive.
 */
function run() {
  const answer = /** @type {HTMLElement} */ (document.querySelector(".answer"));
  let ahead = 0; // how far the server's clock is ahead of the browser's, in milliseconds

  const readClock = () => {
    const now = document.querySelector("[data-now]")?.getAttribute("data-now");
    ahead = now ? Number(now) - Date.now() : 0;
  };

  const renew = async () => {
    const html = await (await fetch("/", { headers: { accept: "text/html" } })).text();
    // A parsed document obeys this page's policy, and its style sheet has another nonce: leave that out.
    const next = new DOMParser().parseFromString(html.replace(/<style.*<\/style>/s, ""), "text/html");
    const fresh = next.querySelectorAll("[data-live]");
    document.querySelectorAll("[data-live]").forEach((part, index) => {
      part.replaceWith(/** @type {Element} */ (fresh[index]));
    });
    readClock();
  };

  /** @param {number} ms */
  const clock = (ms) => {
    const seconds = Math.max(0, Math.ceil(ms / 1000));
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  };

  const tick = () => {
    for (const bar of document.querySelectorAll("progress")) {
      const left = Number(bar.dataset.ends) - Date.now() - ahead;
      bar.value = Math.max(0, left / 1000);
      const shown = bar.parentElement?.querySelector("output");
      if (shown) shown.textContent = clock(left);
      if (left <= 0 && !bar.dataset.over) {
        bar.dataset.over = "yes";
        answer.replaceChildren();
        renew();
      }
    }
  };

  /** @param {string} tag @param {...(string | Node)} content */
  const element = (tag, ...content) => {
    const node = document.createElement(tag);
    node.append(...content);
    return node;
  };

  /** @param {Response} response @param {number} ms @param {any} body */
  const tell = (response, ms, body) => {
    const rows = (body.shows ?? []).map((/** @type {any} */ show) =>
      element("tr", element("td", show.title), element("td", `${show.hall}, ${show.minutes} min`)),
    );
    const said = body.shows
      ? [
          element("h2", `The API verified the access token of “${body.sub}” and answered in ${ms} ms`),
          element("table", ...rows),
        ]
      : [
          element(
            "p",
            response.ok
              ? `New tokens in ${ms} ms. The old refresh token is spent.`
              : `Refused: ${response.status} ${body.error}`,
          ),
        ];
    const card = element("section", ...said);
    card.className = response.ok ? "card" : "card problem";
    answer.replaceChildren(card);
  };

  document.addEventListener("submit", async (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (!form.matches("[data-inline]")) return;
    event.preventDefault();
    const button = /** @type {HTMLButtonElement} */ (form.querySelector("button"));
    button.disabled = true;
    const started = performance.now();
    try {
      const response = await fetch(form.action, { method: form.method, headers: { accept: "application/json" } });
      const ms = Math.round(performance.now() - started);
      tell(response, ms, await response.json());
    } catch {
      answer.replaceChildren(element("p", "The app did not answer. Is it still running?"));
    }
    await renew();
    button.disabled = false;
  });

  readClock();
  tick();
  setInterval(tick, 250);
}

/** As text for the page's `<script>`. */
export const script = `(${run.toString()})();`;
