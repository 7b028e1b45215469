// Leaves the page without leaving it in the browser's history. Without this script the button is a link that leaves.
(() => {
  for (const link of document.querySelectorAll("[data-exit]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      document.documentElement.hidden = true;
      location.replace(link.href);
    });
  }
})();
