// Counts again while a segment is being built. Without this, the button does.
(() => {
  const form = document.querySelector("form[data-segment]");
  const place = form && form.querySelector("[data-outcome]");
  if (!place) return;
  let waiting = null;
  let turn = 0;
  const count = async () => {
    const mine = ++turn;
    const body = new URLSearchParams(new FormData(form));
    body.set("do", "count");
    try {
      const answer = await fetch(form.action, { method: "POST", body, credentials: "same-origin", redirect: "error" });
      if (!answer.ok || mine !== turn) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("[data-outcome]");
      if (fresh && mine === turn) place.replaceChildren(...fresh.childNodes);
    } catch {
      // Offline for a moment: the next change counts again.
    }
  };
  form.addEventListener("change", (event) => {
    if (event.target.name === "name") return;
    clearTimeout(waiting);
    waiting = setTimeout(count, 400);
  });
})();
