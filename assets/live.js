// Keeps a page's band and figures in step with its gifts. Everything here is already on the page
// without it. The element with data-live names a stream of server-sent events; each message is JSON:
//   { "raised": "$1,250", "donors": "31", "gifts": "40", "say": "Mira gave $50.", "band": "<svg…>",
//     "wall": [{ "who": "Mira", "what": "$50", "words": "Go!" }] }
// All fields are optional; texts come formatted from the server.
(() => {
  const root = document.querySelector("[data-live]");
  if (!root || !("EventSource" in window)) return;
  const put = (name, text) => {
    if (typeof text !== "string") return;
    for (const el of root.querySelectorAll(`[data-live-${name}]`)) el.textContent = text;
  };
  const weave = (markup) => {
    const place = root.querySelector("[data-live-band]");
    if (!place || typeof markup !== "string") return;
    const svg = new DOMParser().parseFromString(markup, "image/svg+xml").documentElement;
    if (svg.nodeName !== "svg" || svg.querySelector("script, foreignObject, parsererror")) return;
    place.replaceChildren(document.importNode(svg, true));
    place.classList.remove("fresh");
    void place.offsetWidth; // restarts the animation
    place.classList.add("fresh");
  };
  // The live screen alone has a wall that follows; it stands outside the band.
  const list = (gifts) => {
    const place = document.querySelector("[data-live-wall]");
    if (!place || !Array.isArray(gifts) || gifts.length === 0) return;
    const make = (tag, text, ...inside) => {
      const el = document.createElement(tag);
      el.append(...(text ? [text] : []), ...inside);
      return el;
    };
    const wall = make("ol", "");
    wall.className = "wall";
    for (const { who, what, words } of gifts) {
      const head = make("p", "", make("strong", who), " ", make("span", what));
      head.className = "wall-head";
      wall.append(make("li", "", head, ...(words ? [make("blockquote", words)] : [])));
    }
    place.replaceChildren(wall);
  };
  const source = new EventSource(root.dataset.live);
  source.onmessage = (event) => {
    let now;
    try {
      now = JSON.parse(event.data);
    } catch {
      return;
    }
    put("raised", now.raised);
    put("donors", now.donors);
    put("gifts", now.gifts);
    weave(now.band);
    list(now.wall);
    const say = root.querySelector("[data-live-say]");
    if (say && typeof now.say === "string") say.textContent = now.say;
  };
  window.addEventListener("pagehide", () => source.close());
})();
