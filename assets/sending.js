// Keeps the progress of a newsletter on its way up to date, while the page is looked at.
(() => {
  const every = 3000;
  const look = async () => {
    const shown = document.querySelector('#progress[data-live]');
    if (!shown) return;
    if (!document.hidden) {
      try {
        const answer = await fetch(location.pathname, { headers: { accept: 'text/html' } });
        if (answer.ok) {
          const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
          const next = page.querySelector('#progress');
          if (next && !next.dataset.live) {
            location.replace(location.pathname);
            return;
          }
          if (next && !shown.contains(document.activeElement)) shown.replaceWith(next);
        }
      } catch {
        // The next look may find the server again.
      }
    }
    setTimeout(look, every);
  };
  setTimeout(look, every);
})();
