// While a payment is being confirmed: asks for this page again and loads it once it no longer waits.
// Nothing moves under the reader's hands before that. Without JavaScript the page has a timed refresh.
(() => {
  const waiting = document.querySelector("[data-waiting]");
  if (!waiting) return;
  const pause = 1000 * (Number(waiting.dataset.waiting) || 4);
  const look = async () => {
    try {
      const answer = await fetch(location.href, { cache: "no-store", credentials: "same-origin" });
      // The text alone is looked at: a parsed document would apply its styles, which this page's policy forbids.
      if (answer.ok && !(await answer.text()).includes(" data-waiting=")) return location.reload();
    } catch {
      // Offline for a moment: look again later.
    }
    setTimeout(look, pause);
  };
  // Most payments are confirmed within a second.
  setTimeout(look, 700);
})();
