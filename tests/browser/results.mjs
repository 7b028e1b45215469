// Where the money goes, as people walk it: three gifts by card, a grant in two tranches that two people approve, a part given
// back, the partner's report, its graded figure, and what each giver and everybody reads of it, to the cent.

import assert from "node:assert/strict";
import { CAMPAIGN, VISA, donor, fill, give, mailsTo, pay, thanked } from "./deeds.mjs";
import { signIn } from "./participants.mjs";
import { axe, lookAt, openVisitor, shot, sideways, until } from "./stage.mjs";

const PROGRAM = "ijm-kolkata";
/** The second tranche of the demo's own grant, in cents: it waits for its report. */
const PROMISED = 15_000;

export const results = [];
const journey = (name, walk, options = {}) => results.push({ name, walk: (visit) => walk({ ...visit, options }), options });

const staff = (word) => ({ email: `${word}@selvedge.example`, password: `demo-${word}-of-the-cloth` });

async function json(base, address) {
  const answer = await fetch(base + address, { headers: { accept: "application/json" } });
  assert.equal(answer.status, 200, address);
  return answer.json();
}

async function control(base, body) {
  const answer = await fetch(`${base}/sandbox/control`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return JSON.parse(text);
}

const books = (base) => json(base, `/api/v1/campaigns/${CAMPAIGN}/books`);
const fundIn = (all) => all.funds.find((fund) => fund.program === PROGRAM);

/** Minor units of the first "$1,234.50" in a text. */
function cents(text) {
  const found = /\$([\d,]+)(?:\.(\d{2}))?/.exec(text);
  assert.ok(found, `no amount in "${text}"`);
  return Number(found[1].replaceAll(",", "") + (found[2] ?? "00"));
}

/** Gives by card; answers where the giver's private page is. */
async function gift(page, name, amount, query) {
  const who = donor(name);
  await page.goto(`/give/${CAMPAIGN}?${query}`);
  await fill(page, who, { amount });
  await give(page);
  await page.waitForURL("**/sandbox/pay/**");
  const session = new URL(page.url()).pathname.split("/").pop();
  await pay(page, VISA);
  await thanked(page, who);
  const trace = await page.locator("main a.button[href*='/gifts/']").getAttribute("href");
  return { who, trace, session };
}

/** What a giver's page says: of the own money and of what was added, each grant's part and what is at work. */
async function told(page, trace) {
  await page.goto(trace);
  const section = async (title) => {
    const parts = page.locator(`section[aria-labelledby=${title}] article.part`);
    return parts.evaluateAll((articles) =>
      articles.map((article) => ({
        program: article.querySelector("h3 a").textContent,
        atWork: article.querySelector("h3 .part-sum").textContent,
        grants: [...article.querySelectorAll(".part-grants li")].map((row) => ({
          number: row.querySelector("b").textContent,
          sum: row.querySelector(".part-sum").textContent,
          report: row.querySelector("a")?.getAttribute("href") ?? null,
        })),
      })),
    );
  };
  return { own: await section("parts-title"), added: await section("matched-title") };
}

const granted = (parts, number) =>
  parts.flatMap((part) => part.grants).filter((grant) => grant.number === number).reduce((sum, grant) => sum + cents(grant.sum), 0);

journey("from three cards to a published result: givers, books, console and desk tell the same cents", async ({ base, page, browser, options }) => {
  // Until the demo's own grant is made its fund moves by itself.
  await until("the demo's own grant", async () => fundIn(await books(base))?.granted.minor > 0, 150_000);
  const gifts = [
    await gift(page, "Asha Rao", "2500", `page=maya-roy&program=${PROGRAM}`),
    await gift(page, "Bela Kish", "2500", "page=johanna-lindqvist"),
    await gift(page, "Chidi Obi", "2500", "page=sam-okafor"),
  ];
  await until("the receipts", async () => {
    const counts = await Promise.all(gifts.map(({ who }) => mailsTo(base, who.email)));
    return counts.every((mails) => mails.length > 0);
  });
  await control(base, { payout: true });
  const held = await until("the gifts are in the fund", async () => {
    const lies = fundIn(await books(base)).held.minor;
    return lies > 515_000 && lies - PROMISED;
  });

  // Finance plans a grant of all in the fund that is promised to nobody, and is the first of two to approve it.
  const [finance, owner, coordinator, desk] = await Promise.all([1, 2, 3, 4].map(() => openVisitor(browser, base, options)));
  const everybody = [finance, owner, coordinator, desk];
  try {
    await signIn(finance.page, staff("finance"), "/console/grants");
    await finance.page.waitForURL("**/console/grants");
    const plan = finance.page;
    await plan.selectOption("#program", { label: await plan.locator("#program option", { hasText: "Kolkata" }).first().textContent() });
    await plan.fill("#purpose", "Safe houses for forty people");
    const day = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
    const tranches = [held - 20_000, 20_000];
    for (const [at, minor] of tranches.entries()) {
      await plan.fill(`#amount_${at + 1}`, (minor / 100).toFixed(2));
      await plan.fill(`#planned_on_${at + 1}`, day(0));
      await plan.fill(`#report_due_on_${at + 1}`, day(40 + at));
    }
    await plan.getByRole("button", { name: "Plan it" }).click();
    await plan.waitForURL("**/console/grants/G-**");
    const number = new URL(plan.url()).pathname.split("/").pop();
    await plan.getByRole("button", { name: "Approve it" }).click();
    await plan.getByText("Somebody else must be the second").waitFor();
    await signIn(owner.page, staff("owner"), `/console/grants/${number}`);
    await owner.page.waitForURL(`**/console/grants/${number}`);
    await owner.page.getByRole("button", { name: "Approve it" }).click();
    const book = owner.page;
    for (const nth of [1, 2]) {
      await book.getByRole("heading", { name: `Tranche ${nth} was paid` }).waitFor();
      await book.fill("#bank_reference", `SEPA 471${nth}`);
      await book.getByRole("button", { name: "Book it as paid" }).click();
      await book.waitForURL("**?done=paid");
      if (nth === 1) await shot(book, "journey-grant");
    }
    const after = await books(base);
    assert.equal(fundIn(after).held.minor, PROMISED, "all the rest went to the partner");

    // Each giver's own page, and the books: the newest gifts went with both tranches.
    const before = await Promise.all(gifts.map(({ trace }) => trace)).then(async (traces) => {
      const all = [];
      for (const trace of traces) all.push(await told(page, trace));
      return all;
    });
    // The last one's is what waits for the demo's second tranche.
    for (const { own, added } of before.slice(0, 2)) {
      for (const part of [...own, ...added].filter((part) => part.grants.length > 0)) {
        const sum = part.grants.reduce((total, grant) => total + cents(grant.sum), 0);
        assert.equal(sum, cents(part.atWork), `${part.program}: granted whole`);
      }
    }
    assert.ok(before.every(({ own }) => granted(own, number) > 0));
    assert.ok(before.some(({ added }) => granted(added, number) > 0), "what a sponsor added went along");

    // A part of the third gift goes back, though the partner has it.
    await control(base, { refund: { session: gifts[2].session, amount: 50_000 } });
    const carried = await until("the refund is in the books", async () => {
      const now = await books(base);
      return now.refunded.minor - after.refunded.minor === 50_000 && now.carried.minor - after.carried.minor;
    });
    assert.ok(carried > 0);
    await page.goto(gifts[2].trace);
    await page.getByText("The campaign’s reserve carries that").first().waitFor();
    const sums = await page.locator("table.sum td").allTextContents();
    const atWork = (await told(page, gifts[2].trace)).own.reduce((sum, part) => sum + cents(part.atWork), 0);
    assert.equal(cents(sums[4]), atWork, "what is at work is the sum of the parts");

    // The partner reports on the first tranche.
    const write = desk.page;
    await signIn(write, staff("partner"), "/desk");
    await write.waitForURL("**/desk");
    await write.locator("li.due", { hasText: number }).filter({ hasText: "part 1" }).getByRole("button").click();
    await write.waitForURL("**/answers**");
    for (const [field, words] of [["scope", "Two safe houses."], ["progress", "Both are open."], ["measurement", "Counted each night."], ["challenges", "The monsoon."], ["sustainability", "The city pays from May."]]) {
      await write.fill(`[name=${field}]`, words);
    }
    await write.getByRole("button", { name: "Save, and on" }).click();
    await write.waitForURL("**/budget**");
    await write.locator("[name=label]").first().fill("Rent and staff");
    await write.locator("[name=planned]").first().fill("5000");
    await write.locator("[name=spent]").first().fill("4987.65");
    await write.getByRole("button", { name: "Save, and on" }).click();
    await write.waitForURL("**/figures**");
    for (const [field, words] of [["label", "people in safe houses"], ["count", "41"], ["period", "in 2026"], ["source", "Night book"]]) {
      await write.locator(`[name=${field}]`).first().fill(words);
    }
    await write.getByRole("button", { name: "Save", exact: true }).click();
    const report = new URL(write.url()).pathname.replace(/\/figures$/, "");
    await write.goto(report);
    await write.fill("#name", "Night book, May");
    await write.setInputFiles("#document", { name: "night.pdf", mimeType: "application/pdf", buffer: Buffer.from("%PDF-1.7\nnights\n") });
    await write.getByRole("button", { name: "Attach" }).click();
    await write.getByRole("link", { name: "Night book, May" }).waitFor();
    await shot(write, "journey-desk-report");
    await write.getByRole("button", { name: "Send it in" }).click();

    // A coordinator is told by mail, accepts, grades by the document and publishes.
    await until("the mail to the coordinator", async () =>
      (await mailsTo(base, "coordinator@selvedge.example")).some((mail) => mail.text.includes(report.split("/").pop())));
    const review = coordinator.page;
    await signIn(review, staff("coordinator"), "/console");
    await review.waitForURL("**/console");
    await review.getByRole("link", { name: /partners’ report/ }).waitFor();
    await review.goto(`/console/partner-reports/${report.split("/").pop()}`);
    await review.getByRole("button", { name: "Accept it" }).click();
    await review.locator("select[name=grade]").first().selectOption("evidence_attached");
    await review.locator("select[name=document]").first().selectOption({ label: "Night book, May" });
    await review.getByRole("button", { name: /^Grade/ }).first().click();
    await review.fill("#plain_title", "Forty-one people sleep safely");
    await review.fill("#plain", "Two houses, **both open**.");
    await review.getByRole("button", { name: "Save", exact: true }).click();
    await review.getByRole("button", { name: "Publish text and figures" }).click();
    const link = await review.getByRole("link", { name: "As everybody reads it" }).getAttribute("href");

    // Everybody reads it; the givers of the first tranche come to it from their own pages.
    await page.goto(link);
    await page.getByText("both open").waitFor();
    await page.getByText(number).first().waitFor();
    const first = await told(page, gifts[0].trace);
    assert.ok(first.own.some((part) => part.grants.some((grant) => grant.number === number && link.endsWith(grant.report))));
    await shot(page, "journey-trace-reported");

    // To the cent, once more: what both grants took of the fund is what the books and the page say.
    const last = await books(base);
    assert.equal(fundIn(last).granted.minor - fundIn(after).granted.minor, 0);
    const line = (name) => last[name].minor;
    assert.equal(
      line("raised") - line("refunded") - line("disputed") + line("matched") + line("carried"),
      line("fees_borne") + line("granted") + line("held"),
    );
    await page.goto(`/campaigns/${CAMPAIGN}/books`);
    const item = page.locator(`[id="${number}"]`);
    assert.equal(cents(await item.locator(".part-sum").textContent()), held);
    const wrong = [...(await axe(page)), ...(await sideways(page))];
    assert.deepEqual(wrong, []);
    for (const visitor of everybody) assert.deepEqual(visitor.faults, []);
  } finally {
    await Promise.all(everybody.map((visitor) => visitor.context.close()));
  }
});

journey("looked at: a disputed gift's path, a sponsor's page, the finance home", async ({ base, page }) => {
  const who = donor("Dara Quist");
  await page.goto(`/give/${CAMPAIGN}?page=maya-roy`);
  await fill(page, who, { amount: "50" });
  await give(page);
  await page.waitForURL("**/sandbox/pay/**");
  const session = new URL(page.url()).pathname.split("/").pop();
  await pay(page, VISA);
  await thanked(page, who);
  const trace = await page.locator("main a.button[href*='/gifts/']").getAttribute("href");
  await control(base, { dispute: { session } });
  await until("the dispute is seen", async () => {
    await page.goto(trace);
    return (await page.getByText("With your bank until it decides").count()) > 0;
  });
  const wrong = await lookAt(page, trace, "trace-disputed");
  await signIn(page, staff("finance"), "/console/matching");
  await page.waitForURL("**/console/matching**");
  wrong.push(...(await lookAt(page, "/console/findings", "c-findings-disputed")));
  await page.goto("/console/matching");
  await page.locator("a[href^='/console/matching/mpo_'], a[href^='/console/matching/']").filter({ hasText: "Loom" }).first().click();
  const own = await page.getByRole("link", { name: "The sponsor’s own page" }).getAttribute("href");
  wrong.push(...(await lookAt(page, own, "sponsored")));
  wrong.push(...(await lookAt(page, "/console/finance", "c-finance")));
  assert.deepEqual(wrong, []);
});
