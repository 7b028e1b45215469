// The open books and the rooms of finance, looked at in three widths, light and dark. journeys.mjs plays them with the others.

import assert from "node:assert/strict";
import { CAMPAIGN } from "./deeds.mjs";
import { lookAt, until } from "./stage.mjs";

const FINANCE = { email: "finance@selvedge.example", password: "demo-finance-of-the-cloth" };

export const money = [];
const journey = (name, walk) => money.push({ name, walk, options: {} });

async function lookAtAll(page, rooms) {
  const wrong = [];
  for (const [address, name] of rooms) wrong.push(...(await lookAt(page, address, name)));
  return wrong;
}

/** The first link of a table or list whose address begins so. */
const first = (page, begins) => page.locator(`main a[href^='${begins}']`).first().getAttribute("href");

journey("looked at: the open books, and a copy of them proved", async ({ base, page }) => {
  const books = `/campaigns/${CAMPAIGN}/books`;
  // The demo's days are closed by a job, a little after its start.
  await until("a closed day", async () => (await fetch(`${base}${books}/copy.json`)).ok);
  const wrong = await lookAtAll(page, [[books, "b-books"], [`${books}/verify`, "b-verify"]]);
  const copy = await (await fetch(`${base}${books}/copy.json`)).text();
  await page.setInputFiles("input[type=file]", { name: "books.json", mimeType: "application/json", buffer: Buffer.from(copy) });
  await page.locator("main form button[type=submit]").click();
  await page.waitForLoadState();
  const whole = await page.locator("main").innerText();
  assert.match(whole, /holds|agrees|as it was/i, whole);
  assert.deepEqual(wrong, []);
});

journey("looked at: the rooms of finance", async ({ page }) => {
  await page.goto("/login?next=/console/finance");
  await page.fill("#email", FINANCE.email);
  await page.fill("#password", FINANCE.password);
  await page.locator("main").getByRole("button", { name: "Sign in" }).first().click();
  await page.waitForURL("**/console/finance");
  const rooms = ["finance", "policies", "grants", "matching", "deposits", "payouts", "findings"];
  const wrong = await lookAtAll(page, rooms.map((room) => [`/console/${room}`, `f-${room}`]));
  for (const room of ["grants", "matching", "payouts"]) {
    await page.goto(`/console/${room}`);
    wrong.push(...(await lookAtAll(page, [[await first(page, `/console/${room}/`), `f-one-of-${room}`]])));
  }
  wrong.push(...(await lookAtAll(page, [[`/console/offline/new?campaign=${CAMPAIGN}`, "f-offline-new"]])));
  assert.deepEqual(wrong, []);
});
