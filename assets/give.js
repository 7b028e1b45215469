// Keeps the button's words in step with the chosen amount and the covered fee. The form works without it.
// The form carries data-currency, data-exponent (0, 2 or 3), data-sign, data-fee-bp and data-fee-fixed (minor units).
(() => {
  const form = document.querySelector("form[data-give]");
  if (!form) return;
  const button = form.querySelector("[data-give-button]");
  const own = form.elements.amount_own;
  const cover = form.elements.cover_fees;
  const extra = form.querySelector("[data-give-fee]");
  const exponent = Number(form.dataset.exponent);

  // Minor units from what was typed, or null. Digits only: no floating point.
  const parse = (text) => {
    const found = /^\s*(\d[\d,]*)(?:\.(\d*))?\s*$/.exec(text);
    if (!found) return null;
    const fraction = (found[2] || "").replace(/0+$/, "");
    if (fraction.length > exponent) return null;
    return Number(found[1].replaceAll(",", "") + fraction.padEnd(exponent, "0"));
  };
  const write = (minor) => {
    const digits = String(minor).padStart(exponent + 1, "0");
    const whole = digits.slice(0, digits.length - exponent);
    const rest = exponent ? digits.slice(-exponent) : "";
    return form.dataset.sign + whole.replace(/\B(?=(\d{3})+$)/g, ",") + (/[1-9]/.test(rest) ? "." + rest : "");
  };
  // What must be added so that after the fee the whole gift is left; rounded up like the server does.
  const fee = (minor) => {
    const rate = Number(form.dataset.feeBp);
    const fixed = Number(form.dataset.feeFixed);
    return Math.ceil(((minor + fixed) * 10000) / (10000 - rate)) - minor;
  };
  const chosen = () => {
    const pick = form.querySelector("input[name=amount_choice]:checked");
    if (own.value.trim() !== "" || (pick && pick.value === "own")) return parse(own.value);
    return pick ? Number(pick.value) : null;
  };
  const update = () => {
    const minor = chosen();
    if (minor === null || !(minor > 0) || !Number.isSafeInteger(minor)) {
      button.textContent = "Give";
      return;
    }
    const added = cover ? fee(minor) : 0;
    if (extra) extra.textContent = write(added);
    button.textContent = "Give " + write(cover && cover.checked ? minor + added : minor);
  };
  own.addEventListener("input", () => {
    if (own.value.trim() === "") return update();
    const pick = form.querySelector("input[name=amount_choice][value=own]");
    if (pick) pick.checked = true;
    update();
  });
  form.addEventListener("change", (event) => {
    if (event.target.name === "amount_choice" && event.target.value !== "own") own.value = "";
    update();
  });
  // Back from the pay page the browser puts in what was typed, after this script has run.
  addEventListener("pageshow", update);
  update();
})();
