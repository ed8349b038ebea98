/**
 * The page's only script, which runs in the browser. It animates the progress bars and handles clicks without leaving the
 * page; without the script the page works too. After each click it fetches the page again and copies the elements marked
 * `data-live`, so that only the server renders HTML. It never polls: polling would count as activity, and the session
 * would never expire.
 */
function run() {
  const result = /** @type {HTMLElement} */ (document.querySelector(".result"));
  let clockOffset = 0; // the server's time minus the browser's, in milliseconds

  const readClock = () => {
    const now = document.querySelector("[data-now]")?.getAttribute("data-now");
    clockOffset = now ? Number(now) - Date.now() : 0;
  };

  const reloadLiveParts = async () => {
    const html = await (await fetch("/", { headers: { accept: "text/html" } })).text();
    // The fetched page's style sheet has another nonce, which this page's Content-Security-Policy refuses: remove it.
    const newPage = new DOMParser().parseFromString(html.replace(/<style.*<\/style>/s, ""), "text/html");
    const newParts = newPage.querySelectorAll("[data-live]");
    document.querySelectorAll("[data-live]").forEach((part, index) => {
      part.replaceWith(/** @type {Element} */ (newParts[index]));
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
      const left = Number(bar.dataset.ends) - Date.now() - clockOffset;
      bar.value = Math.max(0, left / 1000);
      const output = bar.parentElement?.querySelector("output");
      if (output) output.textContent = clock(left);
      if (left <= 0 && !bar.dataset.expired) {
        bar.dataset.expired = "yes";
        result.replaceChildren();
        reloadLiveParts();
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
  const showResult = (response, ms, body) => {
    const rows = (body.shows ?? []).map((/** @type {any} */ show) =>
      element("tr", element("td", show.title), element("td", `${show.hall}, ${show.minutes} min`)),
    );
    const content = body.shows
      ? [
          element("h2", `The API verified the access token of “${body.sub}” and responded in ${ms} ms`),
          element("table", ...rows),
        ]
      : [
          element(
            "p",
            response.ok
              ? `Got new tokens in ${ms} ms. The old refresh token no longer works.`
              : `Refused: ${response.status} ${body.error}`,
          ),
        ];
    const card = element("section", ...content);
    card.className = response.ok ? "card" : "card problem";
    result.replaceChildren(card);
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
      showResult(response, ms, await response.json());
    } catch {
      result.replaceChildren(element("p", "The app did not respond. Is it still running?"));
    }
    await reloadLiveParts();
    button.disabled = false;
  });

  readClock();
  tick();
  setInterval(tick, 250);
}

/** The script as text, for the page's `<script>`. */
export const script = `(${run.toString()})();`;
