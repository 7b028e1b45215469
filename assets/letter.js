// The newsletter's editor: the preview follows what is typed, and a merge field is put where the cursor was. Without it the
// preview has a button, and the fields are there to be copied.
(() => {
  const form = document.querySelector("[data-letter]");
  if (!form) return;
  const preview = form.querySelector("[data-letter-preview]");
  const follows = () => {
    // Whose facts are looked at goes on record: only nobody's are shown without being asked.
    const reader = form.elements.reader?.value || form.elements.reader_email?.value;
    if (!reader) form.requestSubmit(preview);
  };
  let waiting;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(follows, 900);
  });
  form.addEventListener("submit", () => clearTimeout(waiting));
  let last = null;
  form.addEventListener("focusin", (event) => {
    if (event.target.matches("[data-merge], #subject, #subject_b, #preheader, #plain_text")) last = event.target;
  });
  for (const code of form.querySelectorAll("[data-pick]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "text-button";
    button.textContent = "Put it in";
    button.setAttribute("aria-label", `${button.textContent.trim()}: ${code.dataset.pick}`);
    button.addEventListener("click", () => {
      if (!last) return;
      last.setRangeText(code.dataset.pick, last.selectionStart, last.selectionEnd, "end");
      last.focus();
      last.dispatchEvent(new Event("input", { bubbles: true }));
    });
    code.after(" ", button);
  }
})();
