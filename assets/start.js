// The guided start: looks whether an address is free, keeps a story while it is written, and turns the prompts into
// buttons. Every step works without it.
(() => {
  const form = document.querySelector("form[data-start]");
  if (!form) return;

  const slug = form.querySelector("[data-start-slug]");
  if (slug) {
    const hint = document.getElementById("slug-hint");
    const usual = hint.textContent;
    let timer = 0;
    let asked = 0;
    const look = async () => {
      const turn = ++asked;
      const query = new URLSearchParams({ slug: slug.value, for: form.elements.page.value });
      try {
        const answer = await fetch(`/start/slug?${query}`, { headers: { accept: "application/json" } });
        if (!answer.ok || turn !== asked) return;
        const { free, message } = await answer.json();
        hint.textContent = message;
        hint.className = free ? "fine is-free" : "fine is-taken";
      } catch {
        hint.textContent = usual;
        hint.className = "fine";
      }
    };
    slug.addEventListener("input", () => {
      const at = slug.selectionStart;
      const tidy = slug.value.toLowerCase().replace(/[\s_.]+/g, "-");
      if (tidy !== slug.value) {
        slug.value = tidy;
        slug.setSelectionRange(at, at);
      }
      clearTimeout(timer);
      timer = setTimeout(look, 300);
    });
  }

  const story = form.querySelector("[data-start-keep]");
  const says = form.querySelector("[data-start-kept]");
  if (story && form.elements.page.value) {
    let timer = 0;
    let kept = story.value;
    const keep = async () => {
      if (story.value === kept) return;
      const text = story.value;
      const body = new URLSearchParams(new FormData(form));
      body.set("keep", "1");
      try {
        const answer = await fetch(form.action, { method: "POST", body, keepalive: text.length < 30000 });
        if (answer.status === 204) {
          kept = text;
          if (says) says.textContent = "Kept.";
        }
      } catch {
        // The button keeps it too.
      }
    };
    story.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(keep, 1500);
    });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") keep();
    });
  }

  const prompts = form.querySelector("[data-start-prompts]");
  if (prompts && story) {
    for (const item of prompts.querySelectorAll("li")) {
      const text = item.textContent.replace(/…\s*$/, "").trim();
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = item.textContent;
      button.addEventListener("click", () => {
        const before = story.value.trim();
        story.value = before === "" ? `${text} ` : `${before}\n\n${text} `;
        story.focus();
        story.setSelectionRange(story.value.length, story.value.length);
        story.dispatchEvent(new Event("input", { bubbles: true }));
      });
      item.replaceChildren(button);
    }
  }
})();
