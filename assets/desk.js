// Keeps what is typed into a step of a report while it is being typed, so that a closed tab goes on. Saving is the person's.
(() => {
  const form = document.querySelector("form[data-keep]");
  if (!form) return;
  const said = form.querySelector("[data-kept]");
  let waiting = null;
  let sent = null;
  const typed = () => {
    const fields = new URLSearchParams(new FormData(form));
    fields.set("do", "keep");
    return fields;
  };
  const keep = async () => {
    waiting = null;
    const body = typed();
    if (body.toString() === sent) return;
    try {
      const answer = await fetch(form.action, { method: "POST", body, credentials: "same-origin", redirect: "manual" });
      if (answer.status !== 204) return;
      sent = body.toString();
      if (said) said.textContent = said.dataset.kept;
    } catch {
      // Offline for a moment: the next word tries again.
    }
  };
  form.addEventListener("input", () => {
    if (said) said.textContent = "";
    clearTimeout(waiting);
    waiting = setTimeout(keep, 1500);
  });
  addEventListener("pagehide", () => {
    if (waiting === null) return;
    clearTimeout(waiting);
    navigator.sendBeacon(form.action, typed());
  });
  form.addEventListener("submit", () => {
    clearTimeout(waiting);
    waiting = null;
  });
})();
