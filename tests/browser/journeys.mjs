// Journeys through the demo as people walk them: a donor gives, is declined, goes back, gives without JavaScript, and
// follows the gift; every public page is looked at in three widths, light and dark. Participants and staff follow, from
// participants.mjs.
//
//   SELVEDGE_BIN=target/debug/selvedge node journeys.mjs     starts the demo itself, with fresh data
//   BASE_URL=http://127.0.0.1:8080 node journeys.mjs         walks through a demo that runs
//   SHOTS=folder                                             also writes pictures there
//   ONLY=word                                                only the journeys whose names hold that word

import assert from "node:assert/strict";
import { CAMPAIGN, PAGE, VISA, donor, fill, give, mailsTo, openMail, pay, thanked, toPayPage } from "./deeds.mjs";
import { money } from "./money.mjs";
import { newsletters } from "./newsletters.mjs";
import { participants } from "./participants.mjs";
import { results } from "./results.mjs";
import { axe, lookAt, nameOf, path, play, shot, sideways, until } from "./stage.mjs";

const TEAM = "the-tuesday-seams";
const PROGRAM = "ijm-kolkata";
const PARTNER = "international-justice-mission";

const DECLINED = "4000 0000 0000 0002";
const INSUFFICIENT = "4000 0000 0000 9995";
const ASKS = "4000 0025 0000 3155";

/** Minor units from "$1,234.50", without floating point. */
const plus = (sum, part) => sum + part;

function cents(text) {
  const found = /([\d,]+)(?:\.(\d{2}))?/.exec(text);
  assert.ok(found, `no amount in "${text}"`);
  return Number(found[1].replaceAll(",", "") + (found[2] ?? "00"));
}

const raised = (page) => page.locator("[data-live-raised]").first().textContent().then(cents);

async function json(base, address) {
  const answer = await fetch(base + address, { headers: { accept: "application/json" } });
  assert.equal(answer.status, 200, address);
  return answer.json();
}

/** The walls' newest gifts of a page, as the API tells them. */
const wall = async (base, slug = PAGE) => (await json(base, `/api/v1/pages/${slug}/donations?limit=100`)).items;

/** By the button that stands where this screen has it: in the text, or at the thumb. */
async function toGive(page) {
  await page.locator(`main a.button[href*="/give/${CAMPAIGN}"]:visible`).first().click();
  await page.waitForURL(`**/give/${CAMPAIGN}**`);
}

const alert = (page) => page.locator("[role=alert]").first();

const journeys = [];
const journey = (name, walk, options = {}) => journeys.push({ name, walk, options });

journey("from the home page to a gift, its receipt and its whole path, live on the page", async ({ base, page, context }) => {
  const who = donor("Ines Caldeira");
  await page.goto("/");
  await page.locator(`a[href$="/campaigns/${CAMPAIGN}"]`).first().click();
  await page.waitForURL(`**/campaigns/${CAMPAIGN}`);
  await page.goto(`/campaigns/${CAMPAIGN}/leaderboard`);
  await page.locator(`a[href$="/pages/${PAGE}"]`).first().click();
  await page.waitForURL(`**/pages/${PAGE}`);

  // A second tab stays open on the page.
  const watching = await context.newPage();
  await watching.goto(`/pages/${PAGE}`);
  const gifts = async () => Number((await watching.locator("[data-live-gifts]").first().textContent()).replaceAll(",", ""));
  const [before, giftsBefore] = [await raised(watching), await gifts()];
  const known = (await wall(base)).length;
  await watching.evaluate(() => (window.notReloaded = true));

  await toGive(page);
  await page.locator("label.amount", { has: page.locator("input[value='5000']") }).click();
  await fill(page, who);
  assert.match(await page.locator("[data-give-button]").textContent(), /\$50\b/);
  await shot(page, "journey-give");
  await give(page);
  await page.waitForURL("**/sandbox/pay/**");
  assert.match(await page.locator("h1").textContent(), /\$50/);
  await shot(page, "journey-pay");
  await pay(page, VISA);
  await thanked(page, who);
  await shot(page, "journey-thanks");
  assert.ok((await page.locator("main").textContent()).includes("$50"));

  const arrived = await until("the second tab shows the gift without a reload", async () => {
    const now = await gifts();
    return now > giftsBefore && { now, sum: await raised(watching) };
  });
  assert.equal(await watching.evaluate(() => window.notReloaded), true);
  // Somebody else may give to the demo meanwhile: theirs are counted out by the wall.
  const items = await wall(base);
  const since = items.slice(0, items.length - known);
  const own = since.filter((gift) => gift.donor === who.name);
  assert.deepEqual(own.map((gift) => gift.amount), [{ minor: 5000, currency: "USD" }]);
  if (arrived.now === giftsBefore + 1) assert.equal(arrived.sum, before + 5000);
  else assert.ok(arrived.sum >= before + 5000, `${arrived.sum} >= ${before} + 5000`);
  await watching.reload();
  assert.ok((await raised(watching)) >= before + 5000);
  await watching.getByText(who.name).first().waitFor();

  await page.locator("main a.button[href*='/gifts/']").click();
  await page.waitForURL("**/gifts/**");
  const trace = page.url();
  assert.match(await page.locator("h1").textContent(), /\$50/);
  await shot(page, "journey-trace");
  await until("the fee is known and the parts add up", async () => {
    await page.reload();
    const sums = await page.locator("table.sum tr").evaluateAll((rows) => rows.map((row) => row.querySelector("td").textContent));
    const [gross, fee, net] = sums.map(cents);
    const added = sums.slice(3).map(cents).reduce(plus, 0);
    const held = async (title) => {
      const parts = page.locator(`section[aria-labelledby="${title}"] .part-sum`);
      return (await parts.allTextContents()).map(cents).reduce(plus, 0);
    };
    assert.equal(gross, 5000);
    // On a day of a match, what a sponsor added is divided beside it.
    return gross - fee === net && (await held("parts-title")) === net && (await held("matched-title")) === added;
  });

  const receipt = await until("the receipt is in the mailbox", async () => (await mailsTo(base, who.email))[0]);
  assert.ok(receipt.text.includes(trace), "the text part holds the trace link");
  assert.ok(receipt.html.includes(new URL(trace).pathname), "the HTML part holds the trace link");
  assert.match(receipt.text, /\$50/);
  await openMail(page, who);
  await shot(page, "journey-receipt");
});

journey("a declined card says so, and another card pays", async ({ base, page }) => {
  const who = donor("Declan Moss");
  await toPayPage(page, who);
  await pay(page, DECLINED);
  await alert(page).getByText(/declined/i).waitFor();
  assert.match(path(page), /^\/sandbox\/pay\//);
  await shot(page, "journey-declined");
  assert.equal((await wall(base)).filter((gift) => gift.donor === who.name).length, 0);
  await pay(page, VISA);
  await thanked(page, who);
});

journey("a card without funds says so, and nothing is booked", async ({ base, page }) => {
  const who = donor("Ivo Marr");
  await toPayPage(page, who);
  await pay(page, INSUFFICIENT);
  await alert(page).getByText(/insufficient funds/i).waitFor();
  assert.match(path(page), /^\/sandbox\/pay\//);
  assert.equal((await wall(base)).filter((gift) => gift.donor === who.name).length, 0);
  assert.equal((await mailsTo(base, who.email)).length, 0);
});

journey("a card that asks for authentication pays when the bank confirms", async ({ page }) => {
  const who = donor("Aud Rey");
  await toPayPage(page, who);
  await pay(page, ASKS);
  await page.waitForURL("**/authenticate**");
  assert.deepEqual(await axe(page), []);
  await shot(page, "journey-authenticate");
  await page.getByRole("button", { name: "Complete" }).click();
  await thanked(page, who);
});

journey("a failed authentication charges nothing, and another card pays", async ({ base, page }) => {
  const who = donor("Fay Lund");
  await toPayPage(page, who);
  await pay(page, ASKS);
  await page.waitForURL("**/authenticate**");
  await page.getByRole("button", { name: "Fail" }).click();
  await alert(page).waitFor();
  assert.match(path(page), /^\/sandbox\/pay\//);
  assert.equal((await wall(base)).filter((gift) => gift.donor === who.name).length, 0);
  await pay(page, VISA);
  await thanked(page, who);
});

journey("back from the pay page, what was typed is there", async ({ base, page }) => {
  const who = donor("Bo Kern");
  const words = "For all of them";
  await toPayPage(page, who, { amount: "40", comment: words });
  await page.goBack();
  await page.waitForURL(`**/give/${CAMPAIGN}**`);
  const typed = async () => ({
    name: await page.inputValue("#name"),
    email: await page.inputValue("#email"),
    amount: await page.inputValue("#amount_own"),
    comment: await page.inputValue("#comment"),
  });
  const expected = { ...who, amount: "40", comment: words };
  assert.deepEqual(await typed(), expected);
  assert.match(await page.locator("[data-give-button]").textContent(), /\$40\b/);
  // The same form again resumes the same gift.
  await give(page);
  await page.waitForURL("**/sandbox/pay/**");
  // The processor's own way back keeps it as well.
  await page.getByRole("link", { name: /back/i }).click();
  await page.waitForURL(`**/give/${CAMPAIGN}**`);
  const again = await typed();
  assert.equal(again.name, who.name);
  assert.equal(again.email, who.email);
  assert.equal(again.comment, words);
  assert.match(await page.locator("[data-give-button]").textContent(), /\$40\b/);
  await give(page);
  await page.waitForURL("**/sandbox/pay/**");
  await pay(page, VISA);
  await thanked(page, who);
  const own = await until("the gift is on the wall", async () => {
    const found = (await wall(base)).filter((gift) => gift.donor === who.name);
    return found.length > 0 && found;
  });
  assert.deepEqual(own.map((gift) => gift.amount.minor), [4000]);
});

journey("pressing twice gives once", async ({ base, page }) => {
  const who = donor("Tess Dubois");
  await page.goto(`/give/${CAMPAIGN}?page=${PAGE}`);
  await fill(page, who, { amount: "50" });
  await page.dblclick("form.give button[type=submit]");
  await page.waitForURL("**/sandbox/pay/**");
  await page.fill("#card_number", VISA);
  await page.fill("#exp", "12/34");
  await page.fill("#cvc", "123");
  await page.getByRole("button", { name: "Pay", exact: true }).dblclick();
  await thanked(page, who);
  await until("the receipt", async () => (await mailsTo(base, who.email)).length > 0);
  // A second settlement would follow within its webhook's time.
  await page.waitForTimeout(1500);
  assert.equal((await wall(base)).filter((gift) => gift.donor === who.name).length, 1);
  assert.equal((await mailsTo(base, who.email)).length, 1);
});

journey("an anonymous gift with a hidden amount shows neither name nor amount", async ({ base, page }) => {
  const who = donor("Nemo Quill");
  const words = `Quietly ${who.email.split("@")[0]}`;
  await toPayPage(page, who, { amount: "73.21", anonymous: true, hideAmount: true, comment: words });
  await pay(page, VISA);
  await thanked(page, who);
  const shown = await until("the gift is on the wall", async () => (await wall(base)).find((gift) => gift.comment === words));
  assert.equal(shown.donor, null);
  assert.equal(shown.amount, null);
  await page.goto(`/pages/${PAGE}`);
  const entry = page.locator(".wall li", { hasText: words });
  await entry.waitFor();
  const text = await entry.textContent();
  assert.match(text, /Anonymous/);
  assert.ok(!/\$/.test(text), text);
  const source = await page.content();
  assert.ok(!source.includes(who.name) && !source.includes(who.email), "the page names the donor");
  assert.ok(!source.includes("$73.21"), "the page tells the amount");
});

journey("a name in Bengali stays as it was written", async ({ base, page }) => {
  const who = { ...donor(), name: "মায়া চট্টোপাধ্যায়" };
  const words = `আমরা পাশে আছি ${who.email.split("@")[0]}`;
  await toPayPage(page, who, { comment: words });
  await pay(page, VISA);
  await thanked(page, who);
  await until("the gift is on the wall", async () => (await wall(base)).find((gift) => gift.comment === words));
  await page.goto(`/pages/${PAGE}`);
  await page.locator(".wall li", { hasText: words }).getByText(who.name).waitFor();
  const receipt = await until("the receipt", async () => (await mailsTo(base, who.email))[0]);
  assert.ok(receipt.text.includes(who.name) && receipt.html.includes(who.name));
});

journey("a form with mistakes loses nothing and leads to each of them", async ({ page }) => {
  await page.goto(`/give/${CAMPAIGN}?page=${PAGE}`);
  await fill(page, { name: "", email: "not an address" }, { amount: "25", hideAmount: true, comment: "Kept" });
  await give(page);
  const errors = page.locator("#errors");
  await errors.waitFor();
  assert.deepEqual(await axe(page), []);
  await shot(page, "journey-errors");
  assert.equal(await page.inputValue("#email"), "not an address");
  assert.equal(await page.inputValue("#amount_own"), "25");
  assert.equal(await page.inputValue("#comment"), "Kept");
  assert.equal(await page.isChecked("[name=hide_amount]"), true);
  for (const field of ["name", "email"]) {
    assert.equal(await page.getAttribute(`#${field}`, "aria-invalid"), "true");
    assert.ok(await page.locator(`#${field}-error`).isVisible());
    await errors.locator(`a[href="#${field}"]`).click();
    assert.equal(await page.evaluate(() => document.activeElement.id), field);
  }
  // Mended but for the amount, which is below what a card can carry.
  const who = donor("Mia Holt");
  await fill(page, who, { amount: "0.10" });
  await give(page);
  await page.locator("#amount-error").waitFor();
  assert.equal(await page.inputValue("#name"), who.name);
  assert.equal(await page.inputValue("#email"), who.email);
  assert.equal(await page.inputValue("#amount_own"), "0.10");
  assert.equal(await page.inputValue("#comment"), "Kept");
  await errors.locator("a").first().click();
  assert.equal(await page.evaluate(() => document.activeElement.id), "amount_own");
  await page.fill("#amount_own", "12.50");
  await give(page);
  await page.waitForURL("**/sandbox/pay/**");
  assert.match(await page.locator("h1").textContent(), /\$12\.50/);
});

journey("by keyboard alone", async ({ page }) => {
  const who = donor("Kay Brandt");
  await page.goto(`/give/${CAMPAIGN}?page=${PAGE}`);
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
  await page.focus("#amount_own");
  await page.keyboard.type("50");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.id), "name");
  await page.keyboard.type(who.name);
  await page.keyboard.press("Tab");
  await page.keyboard.type(who.email);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/sandbox/pay/**");
  await page.focus("#card_number");
  await page.keyboard.press("Control+A");
  await page.keyboard.type(VISA);
  await page.fill("#exp", "12/34");
  await page.fill("#cvc", "123");
  await page.keyboard.press("Enter");
  await thanked(page, who);
});

journey("without JavaScript: pages, gift, thanks and path", async ({ base, page }) => {
  const who = donor("Noor Script");
  for (const address of publicPages()) {
    const answer = await page.goto(address);
    assert.equal(answer.status(), 200, address);
    await page.locator("main h1").first().waitFor();
  }
  await page.goto(`/pages/${PAGE}`);
  const before = await raised(page);
  await toGive(page);
  await fill(page, { name: who.name, email: "wrong" }, { amount: "50" });
  await give(page);
  await page.locator("#email-error").waitFor();
  assert.equal(await page.inputValue("#name"), who.name);
  await page.fill("#email", who.email);
  await give(page);
  await page.waitForURL("**/sandbox/pay/**");
  await pay(page, VISA);
  // The page's own timed refresh brings the answer, if it is not there at once.
  await thanked(page, who);
  await page.locator("main a.button[href*='/gifts/']").click();
  await page.waitForURL("**/gifts/**");
  assert.match(await page.locator("h1").textContent(), /\$50/);
  await until("the page has the gift", async () => {
    await page.goto(`/pages/${PAGE}`);
    return (await raised(page)) >= before + 5000;
  });
  await until("the receipt", async () => (await mailsTo(base, who.email)).length === 1);
}, { javaScriptEnabled: false });

journey("a page that is not there says so", async ({ page }) => {
  for (const address of ["/pages/nobody-at-all", "/gifts/not-a-token", "/nowhere"]) {
    const answer = await page.goto(address);
    assert.equal(answer.status(), 404, address);
    await page.locator("main h1").waitFor();
    assert.deepEqual([...(await axe(page)), ...(await sideways(page))], [], address);
  }
});

function publicPages() {
  return [
    "/",
    `/campaigns/${CAMPAIGN}`,
    `/campaigns/${CAMPAIGN}/leaderboard`,
    `/pages/${PAGE}`,
    `/teams/${TEAM}`,
    `/programs/${PROGRAM}`,
    `/partners/${PARTNER}`,
    `/give/${CAMPAIGN}`,
    `/give/${CAMPAIGN}?page=${PAGE}`,
    `/give/${CAMPAIGN}?team=${TEAM}`,
    "/sandbox/mail",
  ];
}

for (const address of publicPages()) {
  journey(`looked at: ${address}`, async ({ page }) => {
    assert.deepEqual(await lookAt(page, address, nameOf(address)), []);
  });
}

journey("looked at: pay page, thanks, path of the gift, a mail", async ({ base, page }) => {
  const who = donor("Lou Looker");
  const wrong = [];
  await toPayPage(page, who);
  wrong.push(...(await lookAt(page, page.url(), "pay")));
  await pay(page, VISA);
  await thanked(page, who);
  wrong.push(...(await lookAt(page, page.url(), "thanks")));
  await page.locator("main a.button[href*='/gifts/']").click();
  await page.waitForURL("**/gifts/**");
  wrong.push(...(await lookAt(page, page.url(), "trace")));
  await until("the receipt", async () => (await mailsTo(base, who.email)).length > 0);
  await openMail(page, who);
  wrong.push(...(await lookAt(page, page.url(), "mail")));
  assert.deepEqual(wrong, []);
});

journey("every answer carries the headers that guard it", async ({ base }) => {
  for (const address of publicPages()) {
    const answer = await fetch(base + address);
    const policy = answer.headers.get("content-security-policy") ?? "";
    assert.match(policy, /default-src 'none'/, address);
    assert.ok(!policy.includes("unsafe-inline"), address);
    assert.equal(answer.headers.get("x-content-type-options"), "nosniff", address);
  }
});

await play([...journeys, ...money, ...results, ...participants, ...newsletters]);
