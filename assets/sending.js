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
          // The one part alone is read: the whole page has styles of its own, which this page's policy refuses.
          const text = await answer.text();
          const begin = text.indexOf('<section class="desk-part" id="progress"');
          const part = begin < 0 ? '' : text.slice(begin, text.indexOf('</section>', begin));
          const next = new DOMParser().parseFromString(part, 'text/html').querySelector('#progress');
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
