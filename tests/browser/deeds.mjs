// What the journeys share: fresh people, a gift from the form to the thanks, and the mailbox.

import { until } from "./stage.mjs";

export const CAMPAIGN = "dressember-2026";
export const PAGE = "maya-roy";

export const VISA = "4242 4242 4242 4242";

let people = 0;

/** A fresh name and address, so that a journey finds its own gift among all others. */
export function donor(name = "Ines") {
  people += 1;
  const tag = `${Date.now().toString(36)}${people}`;
  return { name: `${name} ${tag}`, email: `${tag}@donor.example` };
}

async function json(base, address) {
  const answer = await fetch(base + address, { headers: { accept: "application/json" } });
  if (!answer.ok) throw new Error(`${address} answers ${answer.status}`);
  return answer.json();
}

/** The mails to somebody among the newest hundred: a fresh demo mails the receipts of its whole season first. */
export const mailsTo = async (base, email) =>
  (await json(base, "/sandbox/mail?limit=100")).items.filter((mail) => String(mail.to).includes(email));

/** Waits until a mail came to somebody behind what `deed` did. The list is the newest hundred of all: it says which, not how many. */
export async function mailed(base, email, what, deed) {
  const newest = async () => (await mailsTo(base, email))[0]?.id;
  const before = await newest();
  await deed();
  await until(what, async () => {
    const now = await newest();
    return now !== undefined && now !== before;
  });
}

/** In the mailbox, the newest mail to somebody. */
export async function openMail(page, who) {
  await page.goto("/sandbox/mail?limit=100");
  await page.getByRole("listitem").filter({ hasText: who.email }).getByRole("link").first().click();
  await page.waitForURL("**/sandbox/mail/**");
}

/** Fills in the form; fields that are not named stay as they are. */
export async function fill(page, who, { amount, anonymous, hideAmount, comment } = {}) {
  await page.fill("#name", who.name);
  await page.fill("#email", who.email);
  if (amount) await page.fill("#amount_own", amount);
  if (anonymous || hideAmount || comment) {
    if (!(await page.locator("details.choices").evaluate((details) => details.open))) {
      await page.click("details.choices > summary");
    }
    if (anonymous) await page.check("[name=anonymous]");
    if (hideAmount) await page.check("[name=hide_amount]");
    if (comment) await page.fill("#comment", comment);
  }
}

export const give = (page) => page.click("form.give button[type=submit]");

/** From the form to the processor's page. */
export async function toPayPage(page, who, choices = {}, slug = PAGE) {
  await page.goto(`/give/${CAMPAIGN}?page=${slug}`);
  await fill(page, who, { amount: "50", ...choices });
  await give(page);
  await page.waitForURL("**/sandbox/pay/**");
}

export async function pay(page, card) {
  await page.fill("#card_number", card);
  await page.fill("#exp", "12/34");
  await page.fill("#cvc", "123");
  await page.getByRole("button", { name: "Pay", exact: true }).click();
}

/** On the thank-you page, once the payment is confirmed. */
export async function thanked(page, who) {
  await page.waitForURL("**/thanks/**");
  await page.getByRole("heading", { level: 1, name: `Thank you, ${who.name}.` }).waitFor();
}
