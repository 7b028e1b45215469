// Copies the words of a field with one tap. Without it the field can be selected by hand.
(() => {
  for (const button of document.querySelectorAll("[data-copy]")) {
    const field = document.getElementById(button.dataset.copy);
    if (!field) continue;
    const words = button.firstChild;
    const before = words.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      field.focus();
      field.select();
      try {
        await navigator.clipboard.writeText(field.value);
        words.textContent = "Copied";
      } catch {
        words.textContent = "Selected: copy it now";
      }
      setTimeout(() => { words.textContent = before; }, 3000);
    });
  }
})();
