// Passkeys: hands the browser's credentials to the two ceremonies. Without this script a code does the same.
(() => {
  "use strict";
  if (!window.PublicKeyCredential || !navigator.credentials) return;

  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  class Refused extends Error {}

  const ask = async (place, csrf, body) => {
    const answer = await fetch(place, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json", "x-csrf-token": csrf },
      body: JSON.stringify(body),
    });
    const told = await answer.json().catch(() => ({}));
    if (told.code === "proof_required") {
      location.assign("/login/again?next=" + encodeURIComponent(location.pathname));
      return new Promise(() => {});
    }
    if (!answer.ok) throw new Refused(told.detail || "That did not work. Please try again.");
    return told;
  };

  const credential = (made) => {
    const response = { clientDataJSON: text(made.response.clientDataJSON) };
    for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (made.response[part]) response[part] = text(made.response[part]);
    }
    return { id: made.id, rawId: text(made.rawId), type: made.type, response, extensions: {} };
  };

  const known = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  const add = async (box, csrf) => {
    const { ceremony, options } = await ask("/account/passkeys/begin", csrf, {});
    const publicKey = options.publicKey;
    publicKey.challenge = bytes(publicKey.challenge);
    publicKey.user.id = bytes(publicKey.user.id);
    publicKey.excludeCredentials = known(publicKey.excludeCredentials);
    const made = await navigator.credentials.create({ publicKey });
    const name = box.querySelector("input").value;
    const { recovery_codes: codes } = await ask("/account/passkeys/finish", csrf, {
      ceremony, name, credential: credential(made),
    });
    if (!codes) {
      location.assign("/account/security?done=added");
      return;
    }
    const shown = box.querySelector(".codes");
    for (const code of codes) {
      const line = document.createElement("li");
      line.append(Object.assign(document.createElement("code"), { textContent: code }));
      shown.querySelector("ol").append(line);
    }
    shown.hidden = false;
    box.querySelector("button").hidden = true;
  };

  const show = async (box, csrf) => {
    const { ceremony, options } = await ask("/login/passkey/begin", csrf, {});
    const publicKey = options.publicKey;
    publicKey.challenge = bytes(publicKey.challenge);
    publicKey.allowCredentials = known(publicKey.allowCredentials);
    const made = await navigator.credentials.get({ publicKey });
    const { next } = await ask("/login/passkey/finish", csrf, {
      ceremony, next: box.dataset.next, credential: credential(made),
    });
    location.assign(next);
  };

  for (const box of document.querySelectorAll("[data-passkey]")) {
    box.hidden = false;
    const [button, error] = [box.querySelector("button"), box.querySelector(".field-error")];
    button.addEventListener("click", async () => {
      error.hidden = true;
      button.disabled = true;
      try {
        await (box.dataset.passkey === "add" ? add : show)(box, box.dataset.csrf);
      } catch (cause) {
        error.textContent = cause instanceof Refused ? cause.message : "The passkey was not given. Please try again.";
        error.hidden = false;
      }
      button.disabled = false;
    });
  }
})();
