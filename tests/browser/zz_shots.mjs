import { chromium } from "playwright-core";
import { createRequire } from "node:module";
const require = createRequire(import.meta.url);
const axe = require.resolve("axe-core/axe.min.js");
const base = "http://127.0.0.1:8134";
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const login = async (page, who) => {
  await page.goto(base + "/login");
  await page.fill("#email", `${who}@selvedge.example`);
  await page.fill("#password", `demo-${who}-of-the-cloth`);
  await Promise.all([page.waitForURL((u) => !u.pathname.startsWith("/login")), page.click("button[type=submit]")]);
};
const results = [];
for (const [width, scheme] of [[390, "light"], [1280, "dark"]]) {
  const context = await browser.newContext({ viewport: { width, height: 1000 }, colorScheme: scheme, bypassCSP: true });
  const page = await context.newPage();
  await login(page, "coordinator");
  const shot = async (name, path) => {
    const answer = await page.goto(base + path);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    await page.addScriptTag({ path: axe });
    const bad = await page.evaluate(async () => (await axe.run()).violations.map((v) => `${v.id}:${v.nodes.length} ${v.nodes[0].html.slice(0, 120)}`));
    results.push(`${name} ${width} ${scheme} status=${answer.status()} overflow=${wide} axe=${bad.join(" | ") || "none"}`);
    await page.screenshot({ path: `/tmp/m-shots/${name}-${width}-${scheme}.png`, fullPage: true });
  };
  await shot("matching", "/console/matching");
  const pool = await page.getAttribute(".queue h2 a", "href");
  await shot("pool", pool);
  await shot("offline", "/console/offline");
  const entry = await page.getAttribute(".queue a.more", "href");
  await shot("entry", entry);
  await shot("offline-new", "/console/offline/new");
  await shot("deposits", "/console/deposits");
  await shot("payouts", "/console/payouts");
  const payout = await page.getAttribute(".queue h2 a", "href").catch(() => null);
  if (payout) await shot("payout", payout);
  await shot("findings", "/console/findings");
  await shot("give", "/give/dressember-2026?page=maya-roy");
  const mails = await (await fetch(base + "/sandbox/mail", { headers: { accept: "application/json" } })).json();
  const receipt = mails.items.find((m) => m.text.includes("Added by"));
  if (receipt) {
    const token = receipt.text.match(/\/gifts\/([A-Za-z0-9_-]+)/)[1];
    await shot("thanks", "/thanks/" + token);
    await shot("trace", "/gifts/" + token);
  } else results.push("no matched receipt");
  const cheque = await page.goto(base + "/console/offline?state=confirmed").then(() => page.getAttribute(".queue a.more", "href"));
  await shot("confirmed", cheque);
  await shot("receipt", cheque + "/receipt");
  await context.close();
}
console.log(results.join("\n"));
await browser.close();
