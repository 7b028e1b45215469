// A newsletter from a file of people to a mail server: imported, narrowed to a segment, written with everybody's own impact,
// previewed as three readers, tested, scheduled, paused, resumed; somebody leaves in its midst. It goes to a real SMTP server, so
// this journey starts a program of its own. journeys.mjs plays it with the others.

import assert from "node:assert/strict";
import PostalMime from "postal-mime";
import { SMTPServer } from "smtp-server";
import { lookAt, openVisitor, shot, startProgram, until } from "./stage.mjs";

const OWNER = { email: "owner@selvedge.example", password: "demo-owner-of-the-cloth" };
const PEOPLE = 5_000;
const INDIANS = 60;
// Beyond five thousand mails a day a domain has to be one that mailboxes know (N8), which a test has not.
const ENGLISH = Array.from({ length: PEOPLE }, (_, n) => n).filter((n) => n % 3).length;
const DESKTOP = { width: 1280, height: 900 };
const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const NAMES = ["Asha Verma", "মায়া রায়", "Ines O’Neill", "Лев Т.", "José", "Ravi \"R\" Das"];

export const newsletters = [];

/** A mail server that takes everything. */
async function openSink() {
  const taken = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS", "AUTH"],
    logger: false,
    onData(stream, session, done) {
      const parts = [];
      stream.on("data", (part) => parts.push(part));
      stream.on("end", () => {
        taken.push({ to: session.envelope.rcptTo[0].address, source: Buffer.concat(parts) });
        done();
      });
    },
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return {
    url: `smtp://127.0.0.1:${server.server.address().port}`,
    taken,
    // The program has other mail to send, to others.
    readers: () => taken.filter((mail) => mail.to.startsWith("reader")),
    to: (address) => taken.filter((mail) => mail.to === address),
    close: () => new Promise((closed) => server.close(closed)),
  };
}

const readable = async (mail) => PostalMime.parse(mail.source);

/** The last link of a mail that begins so. */
function linkOf(mail, begins) {
  const found = [...mail.html.matchAll(/href="([^"]+)"/g)].map((match) => match[1].replaceAll("&amp;", "&"));
  return found.findLast((link) => new URL(link).pathname.startsWith(begins));
}

function file() {
  const rows = ["e-mail,who,tongue,land"];
  for (let n = 0; n < PEOPLE; n += 1) {
    const name = NAMES[n % NAMES.length].replaceAll('"', '""');
    rows.push(`reader${n}@d${n % 40}.example,"${name}",${n % 3 ? "en" : "bn"},${n < PEOPLE - INDIANS ? "US" : "IN"}`);
  }
  rows.push("nobody at all,x,en,US");
  return { name: "friends.csv", mimeType: "text/csv", buffer: Buffer.from(rows.join("\n")) };
}

const press = (page, name) => page.locator("main").getByRole("button", { name, exact: true }).first().click();

async function signIn(page) {
  await page.goto("/login?next=/console/newsletters");
  await page.fill("#email", OWNER.email);
  await page.fill("#password", OWNER.password);
  await press(page, "Sign in");
  await page.waitForURL("**/console/newsletters");
}

async function importPeople(page) {
  await page.goto("/console/lists");
  const form = page.locator("form", { has: page.locator("input[name=act][value=list]") });
  await form.locator("#name").fill("Friends of the cloth");
  await form.locator("#about").fill("A letter a month.");
  await form.getByRole("button", { name: "Make it" }).click();
  await page.goto("/console/subscribers/imports");
  await page.setInputFiles("#file", file());
  await page.locator("#list").selectOption({ label: "Friends of the cloth" });
  await page.fill("#basis", "They ticked a box at the autumn fair");
  await page.fill("#agreed_on", "2026-10-04");
  await page.check("#agreed");
  await press(page, "Send the file");
  await page.waitForURL("**/console/subscribers/imports/imp_*");
  await until("the columns", async () => (await page.locator("select[name=column]").count()) === 4, 60_000);
  // Columns with names of their own are told what they are.
  for (const [at, field] of [[0, "email"], [1, "name"], [2, "language"], [3, "country"]]) {
    await page.locator("select[name=column]").nth(at).selectOption(field);
  }
  await shot(page, "n-columns");
  await press(page, "Count what it would do");
  const start = page.getByRole("button", { name: /^Import 5,000 people/ });
  await until("the dry run", async () => (await start.count()) === 1, 60_000);
  await shot(page, "n-dry-run");
  await start.click();
  await page.getByRole("heading", { name: "What it did" }).waitFor({ timeout: 120_000 });
  const did = await page.locator("main").innerText();
  assert.match(did, /New people\s+5,000/);
  assert.match(did, /Not readable\s+1\b/);
}

async function makeSegment(page, name, [condition, value], count) {
  await page.goto("/console/new-segment");
  await page.fill("#name", name);
  await page.locator("select[name='n.0.new']").selectOption(condition);
  await page.locator("button[name=do][value='add:0']").click();
  await page.locator(`[name='n.0.0.${condition}']`).fill(value);
  // The first such button is for whoever presses Enter, and is not seen.
  await page.locator("button[name=do][value=show]").last().click();
  await page.getByRole("heading", { name: count }).waitFor();
  await shot(page, `n-segment-${condition}`);
  await press(page, "Save");
  await page.waitForURL("**/console/segments/**");
}

/** A newsletter with a text, everybody's impact and a button; answers its address. */
async function write(page, title, segment) {
  await page.goto("/console/newsletters");
  await page.fill("#title", title);
  await press(page, "Begin");
  await page.waitForURL("**/console/newsletters/nws_*");
  const place = new URL(page.url()).pathname;
  await page.fill("#subject", "{{first_name|friend}}, where your gift went");
  for (const kind of ["impact", "button"]) {
    await page.locator("#add_kind").selectOption(kind);
    await press(page, "Add it");
    await page.waitForLoadState();
  }
  const last = page.locator(".letter-block").last();
  await last.locator("input[name$='_label']").fill("Give again");
  await last.locator("input[name$='_href']").fill("{{give_url}}");
  await page.getByLabel("Friends of the cloth").check();
  if (segment) await page.locator("#segment").selectOption({ label: segment });
  await press(page, "Save");
  await page.waitForLoadState();
  return place;
}

async function previewAsThree(page) {
  const options = page.locator("#reader option");
  assert.ok((await options.count()) > 3);
  const seen = new Set();
  for (const at of [1, 2, 3]) {
    await page.locator("#reader").selectOption({ index: at });
    const answer = page.waitForResponse((response) => response.url().endsWith("/mail") && response.request().method() === "POST");
    await press(page, "Preview, without saving");
    seen.add(await (await answer).text());
  }
  assert.equal(seen.size, 3, "each reader has a mail of their own");
}

/** Typed where somebody's word is needed. */
async function approve(page, place, count) {
  await page.goto(place);
  if ((await page.locator("#count").count()) === 0) return;
  await page.fill("#count", String(count));
  await press(page, "Approve it");
  await page.waitForLoadState();
}

/** The next minute, as the clock that the page names shows it. */
async function soon(page) {
  const label = await page.locator("label[for=at]").textContent();
  const timeZone = label.match(/clock of (.+)$/)[1].replaceAll(" ", "_");
  const at = new Date(Date.now() + 60_000);
  const parts = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "short" }).format(at);
  return parts.replace(" ", "T");
}

async function journey(program, sink, browser) {
  const { base } = program;
  const { page, context, faults } = await openVisitor(browser, base, { viewport: DESKTOP });
  try {
    await signIn(page);
    await page.check("#clicks");
    await page.check("#opens");
    await page.locator("form[action='/console/newsletters/counting'] button").click();
    await importPeople(page);
    await makeSegment(page, "Readers in India", ["country", "IN"], `${INDIANS} people`);
    await makeSegment(page, "Readers of English", ["language", "en"], /^3,\d\d\d people/);

    // The first goes to a segment, with a test to oneself.
    const first = await write(page, "To India first", "Readers in India");
    await previewAsThree(page);
    const wrong = await lookAt(page, first, "n-editor");
    await page.setViewportSize(DESKTOP);
    await page.goto(first);
    await press(page, "Send it to me");
    const test = await until("the test", () => sink.to(OWNER.email)[0], 30_000);
    assert.match((await readable(test)).subject, /where your gift went/);
    await page.goto(`${first}/sending`);
    await page.fill("#at", await soon(page));
    await press(page, "Schedule it");
    await page.getByText("It starts").waitFor();
    await until("the first newsletter", () => sink.readers().length === INDIANS, 150_000);
    const early = await Promise.all(sink.readers().map(async (mail) => ({ ...(await readable(mail)), to: mail.to })));

    // The second goes to most of them.
    const second = await write(page, "To whoever reads English", "Readers of English");
    await approve(page, second, ENGLISH);
    await page.goto(`${second}/sending`);
    await press(page, "Send it now");
    const arrived = () => sink.readers().length - INDIANS;
    await until("some hundred mails", () => arrived() > 400, 60_000);
    await page.goto(`${second}/sending`);
    await shot(page, "n-sending");
    await press(page, "Pause");
    await page.getByText("Somebody of the staff halted it.").waitFor();
    const halted = await until("what was under way", async () => {
      const before = arrived();
      await new Promise((wake) => setTimeout(wake, 1_500));
      return arrived() === before && before;
    }, 30_000);
    assert.ok(halted < ENGLISH, `${halted} were sent before the pause`);
    wrong.push(...(await lookAt(page, `${second}/sending`, "n-paused")));
    await page.setViewportSize(DESKTOP);
    // Somebody who has the first letter and not yet the second leaves by the button of their mail program.
    const reads = (mail) => Number(/reader(\d+)@/.exec(mail.to)[1]) % 3 > 0;
    const leaver = early.find((mail) => reads(mail) && sink.to(mail.to).length === 1);
    assert.ok(leaver, "of forty readers one at least has not had the second yet");
    const leave = leaver.headers.find((header) => header.key === "list-unsubscribe").value.match(/<(http[^>]+)>/)[1];
    const left = await fetch(leave, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: "List-Unsubscribe=One-Click",
    });
    assert.equal(left.status, 200);
    await page.goto(`${second}/sending`);
    await press(page, "Go on");
    await until("the progress", async () => /\d+%/.test(await page.locator("#progress").innerText()));
    await until("everybody's mail", () => arrived() === ENGLISH - 1, 180_000);
    assert.equal(sink.to(leaver.to).length, 1, "who left gets no more");
    await until("its end", async () => {
      await page.goto(`${second}/sending`);
      return /Ended/.test(await page.locator("#progress").innerText());
    }, 30_000);
    const ended = await page.locator("main").innerText();
    assert.match(ended, /passed over\s+1\b/);
    wrong.push(...(await lookAt(page, `${second}/sending`, "n-sent")));

    // What readers do with it is counted without their names.
    const own = await readable(sink.to("reader1@d1.example").at(-1));
    for (let turn = 0; turn < 3; turn += 1) {
      const answer = await fetch(linkOf(own, "/n/"), { redirect: "manual", headers: { "user-agent": FIREFOX } });
      assert.equal(answer.status, 303);
      assert.match(answer.headers.get("location"), /utm_source=nws_/);
    }
    await fetch(linkOf(own, "/n/"), { redirect: "manual", headers: { "user-agent": "curl/8" } });
    await page.setViewportSize(DESKTOP);
    await page.goto(`${second}/results`);
    const results = await page.locator("main").innerText();
    assert.match(results, /clicks in all, whoever’s\s+3\b/);
    assert.match(results, /scanners’ and proxies’\s+1\b/);
    assert.match(results, /left by it\s+0|left by it\s+1/);
    wrong.push(...(await lookAt(page, `${second}/results`, "n-results")));
    for (const room of ["newsletters", "subscribers", "segments", "lists"]) {
      wrong.push(...(await lookAt(page, `/console/${room}`, `n-${room}`)));
    }
    await lookAtMails(browser, own, early);
    assert.deepEqual(wrong, []);
    assert.deepEqual(faults, []);
  } catch (error) {
    await shot(page, "failed-n");
    throw error;
  } finally {
    await context.close();
  }
}

/** Three received mails, on a phone and a desktop, light and dark. */
async function lookAtMails(browser, own, early) {
  const mails = [own, early.find((mail) => mail.to.startsWith("reader7@")) ?? early[0], early.at(-1)];
  for (const [number, mail] of mails.entries()) {
    for (const colorScheme of ["light", "dark"]) {
      for (const viewport of [{ width: 390, height: 844 }, DESKTOP]) {
        const context = await browser.newContext({ viewport, colorScheme });
        const page = await context.newPage();
        await page.setContent(mail.html);
        await shot(page, `n-mail-${number}-${viewport.width}-${colorScheme}`);
        await context.close();
      }
    }
  }
}

newsletters.push({
  name: "a newsletter: five thousand imported, a segment, written, previewed, tested, scheduled, paused, left, counted",
  options: {},
  walk: async ({ browser }) => {
    if (!process.env.SELVEDGE_BIN) return;
    const sink = await openSink();
    // Mail leaves this program; the others' stays in its mailbox.
    const program = await startProgram({
      DATABASE_URL: undefined,
      SELVEDGE__MAIL__TRANSPORT: "smtp",
      SELVEDGE__MAIL__SMTP_URL: sink.url,
      SELVEDGE__NEWSLETTERS__DOMAIN_PER_SECOND: "0",
      SELVEDGE__NEWSLETTERS__PER_SECOND: "300",
    });
    try {
      await journey(program, sink, browser);
    } catch (error) {
      throw new Error(`${error.stack}\n${program.said().slice(-2_000)}`);
    } finally {
      await program.close();
      await sink.close();
    }
  },
});
