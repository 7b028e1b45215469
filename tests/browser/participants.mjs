// Journeys through the participants' and the staff's part: from signing up to a page, a photo, a team, the first day of
// the diary and the share card; thanks, drafts, sessions, the console; and every room looked at in three widths, light
// and dark. journeys.mjs plays them after its own. The journeys that turn the clock come last: it does not turn back.

import assert from "node:assert/strict";
import { CAMPAIGN, PAGE, VISA, donor, mailed, mailsTo, openMail, pay, thanked, toPayPage } from "./deeds.mjs";
import { lookAt, openVisitor, path, shot, sideways, until } from "./stage.mjs";

const PASSWORD = "seven looms in a row";
const OWNER = "maya-roy@example.org";
const COORDINATOR = { email: "coordinator@selvedge.example", password: "demo-coordinator-of-the-cloth" };

export const participants = [];
const journey = (name, walk, options = {}) => participants.push({ name, walk: (visit) => walk({ ...visit, options }), options });

/** With JavaScript and without; `options` open whoever else takes part in the same way. */
function both(name, walk) {
  journey(name, walk);
  journey(`${name}, without JavaScript`, walk, { javaScriptEnabled: false });
}

/** Times steps: `lap("sign up")` after each, `line()` at the end. */
function stopwatch() {
  let last = Date.now();
  const laps = [];
  return {
    lap(name) {
      const now = Date.now();
      laps.push(`${name} ${((now - last) / 1000).toFixed(1)} s`);
      last = now;
    },
    line: () => laps.join(", "),
  };
}

/** The form in the page's middle: not the one that signs out. */
const press = (page, name) => page.locator("main").getByRole("button", { name }).first().click();

/** Fills in the form of /signup; nobody is there yet. */
async function signUp(page, who, { password = PASSWORD, next = `/start/${CAMPAIGN}` } = {}) {
  await page.goto(`/signup?next=${encodeURIComponent(next)}`);
  await page.fill("#name", who.name);
  await page.fill("#email", who.email);
  if (password) await page.fill("#password", password);
  await press(page, "Mail me my link");
  await page.waitForURL("**/signup/sent**");
}

/** The newest mail's first link whose path begins so. */
async function linkIn(base, email, begins) {
  return until(`a mail to ${email} with ${begins}`, async () => {
    for (const mail of await mailsTo(base, email)) {
      const found = mail.text.match(/https?:\/\/\S+/g)?.find((link) => new URL(link).pathname.startsWith(begins));
      if (found) return new URL(found).pathname + new URL(found).search;
    }
    return null;
  });
}

/** Opens the mail's link and presses its button: now the account is there. */
async function verify(base, page, who) {
  await page.goto(await linkIn(base, who.email, "/verify/"));
  await page.locator("main form button[type=submit]").click();
}

export async function signIn(page, { email, password = PASSWORD }, next = "/account") {
  await page.goto(`/login?next=${encodeURIComponent(next)}`);
  await page.fill("#email", email);
  await page.fill("#password", password);
  await press(page, "Sign in");
}

/** As one of the demo's owners, who have no password. */
async function signInByLink(base, page, email, next) {
  await mailed(base, email, "the mail with the link", async () => {
    await page.goto(`/login/link?next=${encodeURIComponent(next)}`);
    await page.fill("#email", email);
    await page.locator("main form button[type=submit]").click();
  });
  await page.goto(await linkIn(base, email, "/login/link/"));
  await page.locator("main form button[type=submit]").click();
  await page.waitForURL(`**${next}`);
}

/** A photograph as a phone would send it, made of what is on the screen. */
const photo = async (page) => ({ name: "IMG_0042.jpg", mimeType: "image/jpeg", buffer: await page.screenshot({ type: "jpeg" }) });

const next = (page) => page.locator(".start-acts button[type=submit]").click();
const atStep = (page, step) => page.locator(`form[data-start="${step}"]`).waitFor();

/** The six steps, from /start/… to the page online. Gives its slug back. */
async function makePage(page, { name, title, step = async () => {} }) {
  await page.goto(`/start/${CAMPAIGN}`);
  if (path(page) === `/start/${CAMPAIGN}`) await page.goto(`/start/${CAMPAIGN}/name`);
  await atStep(page, "name");
  await step("name");
  await page.fill("#participant", name);
  await page.fill("#title", title);
  await next(page);
  await atStep(page, "why");
  await step("why");
  await page.fill("#story", "Because a dress starts the conversation, and **a conversation** starts the rest.");
  await next(page);
  await atStep(page, "goal");
  await step("goal");
  await page.fill("#amount_own", "400");
  await next(page);
  await atStep(page, "photo");
  await page.setInputFiles("#photo", await photo(page));
  await page.fill("#photo_alt", "Two people on a bench, one in a red dress");
  await step("photo");
  await next(page);
  await atStep(page, "address");
  await step("address");
  const slug = await page.inputValue("#slug");
  await next(page);
  await atStep(page, "preview");
  await step("preview");
  await next(page);
  await page.waitForURL("**/pages/**");
  return slug;
}

/** Somebody with an account, signed in; the way by which most journeys begin. */
async function newcomer(base, page, name = "Tilda Moen") {
  const who = donor(name);
  await signUp(page, who);
  await verify(base, page, who);
  await page.waitForURL(`**/start/${CAMPAIGN}**`);
  return who;
}

async function quietPage(base, page, name) {
  const who = await newcomer(base, page, name);
  const slug = await makePage(page, { name: who.name, title: `The month of ${who.name}` });
  return { who, slug };
}

both("a wrong password is told, and the form comes again as it was", async ({ base, page }) => {
  const who = await newcomer(base, page);
  await page.context().clearCookies();
  await signIn(page, { email: who.email, password: "not the looms at all" });
  await page.locator("[role=alert]").first().waitFor();
  assert.equal(path(page), "/login");
  assert.equal(await page.inputValue("#email"), who.email);
  assert.equal(await page.inputValue("#password"), "");
  assert.deepEqual(await sideways(page), []);
  // Somebody who is not there reads the same words.
  const words = await page.locator("[role=alert]").first().textContent();
  await signIn(page, { email: donor().email, password: "not the looms at all" });
  assert.equal(await page.locator("[role=alert]").first().textContent(), words);
  await signIn(page, who);
  await page.waitForURL("**/account");
  await page.getByText(who.email).first().waitFor();
});

both("signing up with an address that is taken looks the same", async ({ base, page }) => {
  const who = await newcomer(base, page);
  await page.context().clearCookies();
  await mailed(base, who.email, "a mail all the same", () => signUp(page, who));
  const words = await page.locator("main").textContent();
  const other = donor();
  await signUp(page, other);
  assert.equal(
    (await page.locator("main").textContent()).replaceAll(other.email, "…"),
    words.replaceAll(who.email, "…"),
  );
});

both("a draft survives a closed tab, and another browser goes on where it was", async ({ base, page, browser, options }) => {
  const who = await newcomer(base, page, "Runa Lind");
  await page.goto(`/start/${CAMPAIGN}/name`);
  await page.fill("#participant", who.name);
  await next(page);
  await atStep(page, "why");
  await page.fill("#story", "Half a sentence is a beginning.");
  // A script keeps the half sentence; without one, what the last button kept is there.
  const scripted = options.javaScriptEnabled !== false;
  if (scripted) await page.getByText("Kept.", { exact: true }).waitFor();
  await page.close();

  const elsewhere = await openVisitor(browser, base, options);
  try {
    await signIn(elsewhere.page, who, "/account");
    await elsewhere.page.waitForURL("**/account");
    await elsewhere.page.goto(`/start/${CAMPAIGN}`);
    // Straight on, or by way of the list of one's pages.
    if (path(elsewhere.page) === `/start/${CAMPAIGN}`) await elsewhere.page.locator(".start-choice li a").first().click();
    await atStep(elsewhere.page, "why");
    assert.equal(await elsewhere.page.inputValue("#story"), scripted ? "Half a sentence is a beginning." : "");
    await elsewhere.page.getByRole("link", { name: "Back" }).click();
    await atStep(elsewhere.page, "name");
    assert.equal(await elsewhere.page.inputValue("#participant"), who.name);
    assert.deepEqual(elsewhere.faults, []);
  } finally {
    await elsewhere.context.close();
  }
});

both("signing out ends the session", async ({ base, page, context }) => {
  const who = await newcomer(base, page);
  await page.goto("/account");
  const cookies = await context.cookies();
  await press(page, "Sign out");
  await page.waitForURL("**/login**");
  await page.getByText("You are signed out.").waitFor();
  // Neither the empty browser nor the old cookie opens the door.
  for (const kept of [[], cookies]) {
    await context.clearCookies();
    await context.addCookies(kept);
    assert.equal((await page.goto("/account")).status(), 401);
    await page.getByRole("heading", { name: "Please sign in." }).waitFor();
  }
  await signIn(page, who);
  await page.waitForURL("**/account");
});

both("a gift on a new page, and one press thanks for it", async ({ base, page, browser, options }) => {
  const { slug } = await quietPage(base, page, "Hanne Vik");
  const giver = donor("Olav Berge");
  const visitor = await openVisitor(browser, base, options);
  try {
    await toPayPage(visitor.page, giver, { amount: "35", comment: "Wear it well" }, slug);
    await pay(visitor.page, VISA);
    await thanked(visitor.page, giver);
    assert.deepEqual(visitor.faults, []);
  } finally {
    await visitor.context.close();
  }
  const row = page.locator(".gift-rows > li", { hasText: giver.name });
  await until("the gift is in the list", async () => {
    await page.goto(`/pages/${slug}/gifts`);
    return (await row.count()) === 1;
  });
  assert.match(await row.textContent(), /\$35/);
  assert.ok(!(await page.content()).includes(giver.email), "the list tells the donor's address");
  await row.getByRole("button", { name: `Thank ${giver.name}`, exact: true }).click();
  await row.getByText(/^Thanked on/).waitFor();
  // The receipt comes in its own time: the thanks are told by their subject.
  const thanks = async () => (await mailsTo(base, giver.email)).filter((mail) => mail.subject.startsWith("Thank you from"));
  await until("the thanks are mailed", async () => (await thanks()).length === 1);
});

both("a coordinator hides a page with a reason, and shows it again", async ({ base, page, browser, options }) => {
  const { slug } = await quietPage(base, page, "Petra Holm");
  const visitor = await openVisitor(browser, base, options);
  const staff = visitor.page;
  try {
    await signIn(staff, COORDINATOR, "/console");
    await staff.waitForURL("**/console");
    await staff.getByRole("heading", { level: 1, name: "Console" }).waitFor();
    await staff.goto(`/console/pages/${slug}`);
    await staff.getByRole("button", { name: "Hide it" }).click();
    await staff.locator("#reason-error").waitFor();
    await staff.fill("#reason", "The photo shows a child");
    await staff.getByRole("button", { name: "Hide it" }).click();
    await staff.getByRole("button", { name: "Show it again" }).waitFor();
    assert.notEqual((await fetch(`${base}/pages/${slug}`)).status, 200);
    await page.goto(`/pages/${slug}/edit`);
    await page.getByText("The photo shows a child").waitFor();
    await staff.getByRole("button", { name: "Show it again" }).click();
    await staff.getByRole("button", { name: "Hide it" }).waitFor();
    assert.equal((await fetch(`${base}/pages/${slug}`)).status, 200);
    // Each deed is written down.
    const record = await staff.locator(".deeds").textContent();
    assert.match(record, /page\.hide/);
    assert.match(record, /page\.show/);
    assert.deepEqual(visitor.faults, []);
  } finally {
    await visitor.context.close();
  }
});

/** Looks at each address of a list under a name of its own. */
async function lookAtAll(page, rooms) {
  const wrong = [];
  for (const [address, name] of rooms) {
    let status = 0;
    wrong.push(...(await lookAt(page, address, name, async () => (status = (await page.goto(address)).status()))));
    if (status !== 200) wrong.push(`${name}: ${address} answers ${status}`);
    if (path(page) !== address.split("?")[0]) wrong.push(`${name}: ${address} leads to ${path(page)}`);
  }
  return wrong;
}

journey("looked at: the doors of an account", async ({ base, page }) => {
  const wrong = await lookAtAll(page, [
    ["/signup", "p-signup"],
    ["/login", "p-login"],
    ["/login/link", "p-login-link"],
    ["/reset", "p-reset"],
    [`/start/${CAMPAIGN}`, "p-start-stranger"],
  ]);
  const stay = (name) => lookAt(page, page.url(), name, async () => {});
  await page.goto("/signup");
  await press(page, "Mail me my link");
  await page.locator("#email-error").waitFor();
  wrong.push(...(await stay("p-signup-errors")));
  await signIn(page, { email: donor().email, password: "nobody has this one" });
  await page.locator("[role=alert]").first().waitFor();
  wrong.push(...(await stay("p-login-wrong")));
  const who = donor("Dora Kvist");
  await signUp(page, who);
  wrong.push(...(await stay("p-signup-sent")));
  await page.goto(await linkIn(base, who.email, "/verify/"));
  wrong.push(...(await stay("p-verify")));
  await openMail(page, who);
  wrong.push(...(await stay("p-verify-mail")));
  assert.deepEqual(wrong, []);
});

journey("looked at: the guided start, step by step, and what follows", async ({ base, page }) => {
  const who = await newcomer(base, page, "Livia Brandt");
  const wrong = await lookAt(page, `/start/${CAMPAIGN}`, "p-start");
  const slug = await makePage(page, {
    name: who.name,
    title: "Thirty-one days in the dress that my grandmother sewed",
    step: async (name) => {
      wrong.push(...(await lookAt(page, page.url(), `p-step-${name}`, async () => {})));
      await page.setViewportSize({ width: 390, height: 844 });
    },
  });
  wrong.push(...(await lookAt(page, page.url(), "p-started", async () => {})));
  // The rooms of a page to which nothing has come yet.
  wrong.push(
    ...(await lookAtAll(
      page,
      ["", "/gifts", "/asks", "/updates", "/team", "/diary", "/talks", "/coach"].map((room) => [
        `/pages/${slug}${room}`,
        `p-new${room.replace("/", "-") || "-page"}`,
      ]),
    )),
  );
  assert.deepEqual(wrong, []);
});

journey("looked at: the rooms of a page that goes well", async ({ base, page }) => {
  await signInByLink(base, page, OWNER, `/pages/${PAGE}/edit`);
  const rooms = ["edit", "updates", "gifts", "asks", "share", "team", "diary", "talks", "coach"];
  assert.deepEqual(await lookAtAll(page, rooms.map((room) => [`/pages/${PAGE}/${room}`, `p-${room}`])), []);
});

journey("looked at: a team's beginning and its captain's room", async ({ base, page }) => {
  await quietPage(base, page, "Kaja Storm");
  const wrong = await lookAtAll(page, [[`/start-team/${CAMPAIGN}`, "p-start-team"]]);
  await page.setViewportSize({ width: 390, height: 844 });
  await startTeam(page, `Looms of ${Date.now().toString(36)}`);
  const slug = path(page).split("/")[2];
  wrong.push(...(await lookAtAll(page, [[`/teams/${slug}`, "p-team-new"], [`/teams/${slug}/manage`, "p-manage"]])));
  assert.deepEqual(wrong, []);
});

journey("looked at: an account's rooms", async ({ page }) => {
  await signIn(page, { email: "participant@selvedge.example", password: "demo-participant-of-the-cloth" });
  await page.waitForURL("**/account");
  assert.deepEqual(
    await lookAtAll(page, [
      ["/account", "p-account"],
      ["/account/settings", "p-settings"],
      ["/account/security", "p-security"],
      ["/account/data", "p-data"],
    ]),
    [],
  );
});

journey("looked at: what readers of a page can do", async ({ page }) => {
  assert.deepEqual(
    await lookAtAll(page, [
      [`/pages/${PAGE}/report`, "p-report"],
      [`/pages/${PAGE}/sponsor`, "p-sponsor"],
      [`/pages/${PAGE}/diary`, "p-diary-reader"],
    ]),
    [],
  );
});

journey("looked at: stories, the way out of one, the editor with its questions, a consent", async ({ page }) => {
  const story = "hope-for-kolkata";
  const wrong = await lookAtAll(page, [
    [`/stories/${story}`, "s-story"],
    ["/stories/thirty-one-mornings-in-one-dress", "s-story-work"],
    [`/campaigns/${CAMPAIGN}/stories`, "s-stories"],
    ["/programs/ijm-kolkata", "s-program"],
  ]);
  const out = page.locator("[data-exit]");
  await page.goto(`/stories/${story}`);
  assert.match(await out.getAttribute("href"), /^https:/);
  await signIn(page, COORDINATOR, "/console/stories");
  await page.waitForURL("**/console/stories");
  const tag = Date.now().toString(36);
  await page.fill("#title", `A story of ${tag}`);
  await page.getByRole("button", { name: "Begin it" }).click();
  await page.waitForURL("**done=made");
  const editor = new URL(page.url()).pathname;
  await page.fill("#body", "They were beaten.\n\nThe girl, Priya, came from Asansol. She was 16 years old in 2019.");
  await page.getByRole("heading", { name: "What the harm screen asks of this text" }).waitFor();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.waitForURL("**done=saved");
  wrong.push(...(await lookAtAll(page, [[editor, "s-editor"]])));
  await page.goto("/console/consents");
  const consent = await page.locator("table a[href^='/console/consents/']").first().getAttribute("href");
  wrong.push(...(await lookAtAll(page, [[consent, "s-consent"]])));
  assert.deepEqual(wrong, []);
});

journey("looked at: the partners' desk, a report being written, the review, the published report, the books of costs", async ({ page }) => {
  await signIn(page, { email: "partner@selvedge.example", password: "demo-partner-of-the-cloth" }, "/desk");
  await page.waitForURL("**/desk");
  const wrong = await lookAtAll(page, [["/desk", "d-desk"], ["/desk/programs/ijm-kolkata", "d-program"]]);
  await page.goto("/desk");
  await page.getByText("Report on something else").click();
  await page.fill("#title", "A year in Kolkata");
  await press(page, "Begin");
  await page.waitForURL("**/answers");
  const report = path(page).replace(/\/answers$/, "");
  wrong.push(...(await lookAtAll(page, ["/answers", "/budget", "/figures", ""].map((step) => [`${report}${step}`, `d-report${step.replace("/", "-")}`]))));
  wrong.push(...(await lookAtAll(page, [["/programs/saathi-second-start/reports/1", "d-published"], ["/programs/saathi-second-start", "d-program-public"]])));
  await page.context().clearCookies();
  await signIn(page, COORDINATOR, "/console/partner-reports?state=published");
  await page.waitForURL("**/console/partner-reports**");
  const review = await page.locator("a[href^='/console/partner-reports/irp_']").first().getAttribute("href");
  wrong.push(
    ...(await lookAtAll(page, [
      ["/console/partner-reports", "c-partner-reports"],
      [review, "c-partner-report"],
      ["/console/unit-costs", "c-unit-costs"],
      ["/console/partners", "c-partners"],
      ["/console/partners/saathi-learning-trust", "c-partner"],
      ["/console/programs", "c-programs"],
      ["/console/programs/saathi-second-start", "c-program"],
    ])),
  );
  assert.deepEqual(wrong, []);
});

journey("looked at: the console, and what waits there", async ({ base, page, browser }) => {
  // Something for each queue: a report by a reader, and cash that an owner was handed.
  const { slug } = await quietPage(base, page, "Gro Aasen");
  const reader = await openVisitor(browser, base);
  await reader.page.goto(`/pages/${PAGE}/report`);
  await reader.page.locator("label.tick", { has: reader.page.locator("[name=reason]") }).first().click();
  await reader.page.fill("#words", "The second sentence names the street.");
  await press(reader.page, "Send the report");
  await reader.page.getByRole("heading", { name: "Thank you for telling us." }).waitFor();
  await reader.context.close();
  await page.goto(`/pages/${slug}/gifts`);
  await page.getByText("Enter a gift", { exact: true }).click();
  await page.fill("#amount", "20");
  await page.fill("#donor_name", "Aunt Sigrid");
  await page.fill("#note", "A note in an envelope");
  await press(page, "Enter it");
  await page.getByText("not confirmed yet").waitFor();
  const wrong = await lookAtAll(page, [[`/pages/${slug}/gifts`, "p-gifts-cash"]]);

  await page.context().clearCookies();
  await signIn(page, COORDINATOR, "/console");
  await page.waitForURL("**/console");
  const rooms = ["pages", "participants", "teams", "audit", "seasons", "reports", "offline", "groups", "stories", "consents", "harm-words", "new-consent"];
  wrong.push(
    ...(await lookAtAll(page, [
      ["/console", "c-home"],
      ...rooms.map((room) => [`/console/${room}`, `c-${room}`]),
      [`/console/pages/${PAGE}`, "c-page"],
      [`/console/seasons/${CAMPAIGN}`, "c-season"],
      ["/console/new-season", "c-new-season"],
    ])),
  );

  await page.goto("/console/participants");
  const person = await page.locator("a[href^='/console/people/']").first().getAttribute("href");
  const tag = Date.now().toString(36);
  await page.goto("/console/groups");
  await page.fill("#name", `The college of ${tag}`);
  await page.fill("#slug", `college-${tag}`);
  await page.getByRole("button", { name: "Save" }).click();
  await page.waitForURL("**done=saved");
  const group = await page.getByRole("link", { name: `The college of ${tag}` }).getAttribute("href");
  wrong.push(...(await lookAtAll(page, [[person, "c-person"], [group, "c-group"], [`/groups/college-${tag}`, "p-group"]])));
  assert.deepEqual(wrong, []);
});

async function startTeam(page, name) {
  await page.goto(`/start-team/${CAMPAIGN}`);
  await page.fill("#name", name);
  await press(page, "Start the team");
  await page.waitForURL("**/teams/**");
}

let turned = false;

/** Turns the clock to the season's first day, where it has not come yet; once, for HTTP tells the machine's own time. */
async function turnToSeason(base) {
  const season = await (await fetch(`${base}/api/v1/campaigns/${CAMPAIGN}`)).json();
  const now = new Date((await fetch(`${base}/healthz`)).headers.get("date"));
  const days = Math.ceil((Date.parse(`${season.starts_on}T12:00:00Z`) - now) / 86_400_000);
  if (turned || days <= 0) return;
  turned = true;
  const answer = await fetch(`${base}/sandbox/control`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ clock_advance_days: days }),
  });
  assert.equal(answer.status, 200, await answer.text());
}
/** What is behind an address, for whoever may see it in this browser. */
async function answers(page, address, kind, begins) {
  const answer = await page.request.get(address);
  assert.equal(answer.status(), 200, address);
  assert.ok(answer.headers()["content-type"].startsWith(kind), `${address} is ${answer.headers()["content-type"]}`);
  const body = await answer.body();
  assert.ok(body.subarray(0, 400).includes(begins), `${address} begins otherwise`);
}

async function wholeMonthBegins({ base, page }, tag) {
  const { lap, line } = stopwatch();
  const who = { ...donor(), name: "মায়া চট্টোপাধ্যায়" };
  await signUp(page, who);
  lap("sign up");
  await linkIn(base, who.email, "/verify/");
  await openMail(page, who);
  await verify(base, page, who);
  await page.waitForURL(`**/start/${CAMPAIGN}**`);
  lap("verify");

  const slug = await makePage(page, {
    name: who.name,
    title: `একটি পোশাক, এক মাস ${tag}`,
    step: async (name) => {
      lap(name === "name" ? "begin" : `to “${name}”`);
      await shot(page, `walk-${tag}-step-${name}`);
    },
  });
  lap("online");
  await shot(page, `walk-${tag}-started`);
  const answer = await page.goto(`/pages/${slug}`);
  assert.equal(answer.status(), 200);
  assert.ok((await page.locator("main").textContent()).includes(who.name), "the name as it was written");
  const face = page.locator(".face img");
  await face.waitFor();
  assert.equal(await face.getAttribute("alt"), "Two people on a bench, one in a red dress");
  await answers(page, await face.getAttribute("src"), "image/", "");
  await shot(page, `walk-${tag}-page`);
  lap("page and photo");

  await startTeam(page, `Looms ${Date.now().toString(36)}`);
  await shot(page, `walk-${tag}-team`);
  await page.goto(`/pages/${slug}/team`);
  await page.getByRole("heading", { name: "Your team" }).waitFor();
  lap("team");

  await turnToSeason(base);
  await page.goto(`/pages/${slug}/diary`);
  await page.getByRole("link", { name: "Write today" }).click();
  await page.locator("label.outfit-choice").first().click();
  await page.fill("#note", "The blue one. Three people asked before noon.");
  await page.setInputFiles("#photo", await photo(page));
  await page.fill("#photo_alt", "A blue dress on a hanger");
  await shot(page, `walk-${tag}-day`);
  await press(page, "Log this day");
  await page.locator(".days .day").first().waitFor();
  assert.ok((await page.locator(".days").textContent()).includes("Three people asked before noon."));
  await page.locator(".day-photo img").first().waitFor();
  await shot(page, `walk-${tag}-diary`);
  lap("first day");

  await page.goto(`/pages/${slug}/share`);
  await shot(page, `walk-${tag}-share`);
  await answers(page, `/pages/${slug}/card.png`, "image/png", "PNG");
  await answers(page, `/pages/${slug}/qr.svg`, "image/svg+xml", "<svg");
  await answers(page, `/pages/${slug}/poster.pdf`, "application/pdf", "%PDF");
  lap("share card, code, poster");
  console.log(`        ${line()}`);
  return slug;
}

journey("a month begins: sign up, page, photo, team, first day, share card", async (visit) => {
  const slug = await wholeMonthBegins(visit, "js");
  const { page } = visit;
  const today = await page.goto(`/pages/${slug}/diary`).then(() => page.locator(".day .more").first().getAttribute("href"));
  assert.deepEqual(await lookAtAll(page, [[`/pages/${slug}/diary`, "p-diary-first"], [today, "p-day"], [`/pages/${slug}`, "p-page-diary"]]), []);
});

journey("a month begins, without JavaScript", (visit) => wholeMonthBegins(visit, "plain"), { javaScriptEnabled: false });
