// Carries the source that an address says (utm_source) on to the links that lead to giving, so that the gift keeps it.
// Our own sources the server carries on by itself; this is for those that other people put into their links.
(() => {
  const source = new URLSearchParams(location.search).get("utm_source");
  if (!source || source.length > 60) return;
  for (const link of document.querySelectorAll('a[href^="/give/"]')) {
    const there = new URL(link.href);
    if (there.searchParams.has("utm_source")) continue;
    there.searchParams.set("utm_source", source);
    link.setAttribute("href", there.pathname + there.search);
  }
})();
