// The editor's live preview: what the form would show, and what the harm screen asks, while one writes. Without it there
// is a button that leads to the same.
(() => {
  const form = document.querySelector("[data-preview]");
  const place = document.querySelector("[data-preview-place]");
  if (!form || !place) return;
  let waiting;
  let asked = 0;
  const draw = async () => {
    const turn = ++asked;
    const answer = await fetch(form.dataset.preview, {
      method: "POST",
      headers: { "x-fragment": "1", accept: "text/html" },
      body: new URLSearchParams(new FormData(form)),
    }).catch(() => null);
    // What is not a fragment (a field to mend, a session that ended) leaves the last good one standing.
    if (!answer || !answer.ok || turn !== asked) return;
    const html = await answer.text();
    if (turn === asked && html.includes("found-title")) place.innerHTML = html;
  };
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(draw, 600);
  });
})();
