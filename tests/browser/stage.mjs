// The stage on which the journeys play: the program, the browser, and what every page must hold.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);

/** Patience, in milliseconds: how long something that will come may take. */
export const PATIENCE = 15_000;

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** The program under BASE_URL, or one that is started. */
export async function openProgram() {
  if (process.env.BASE_URL) {
    return { base: process.env.BASE_URL.replace(/\/$/, ""), said: () => "", close: async () => {} };
  }
  return startProgram();
}

/** The binary SELVEDGE_BIN, started on a free port with data of its own, under further settings. */
export async function startProgram(settings = {}) {
  const binary = process.env.SELVEDGE_BIN;
  if (!binary) throw new Error("set BASE_URL to a running demo, or SELVEDGE_BIN to the program");
  const port = await freePort();
  const data = await mkdtemp(join(tmpdir(), "selvedge-journeys-"));
  // Every journey comes from one address, so the limits that hold for one person are off.
  const env = { RUST_LOG: "warn", ...process.env, SELVEDGE__LIMITS__ENABLED: "false", ...settings };
  const program = spawn(binary, ["demo", "--port", String(port), "--data", data], { env, stdio: ["ignore", "pipe", "pipe"] });
  // However this script ends, the program does not outlive it.
  process.once("exit", () => program.kill("SIGKILL"));
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
  let output = "";
  for (const stream of [program.stdout, program.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (text) => (output = (output + text).slice(-40_000)));
  }
  const base = `http://127.0.0.1:${port}`;
  const close = async () => {
    if (program.exitCode === null && program.signalCode === null) {
      program.kill("SIGTERM");
      const ended = once(program, "exit");
      const late = setTimeout(() => program.kill("SIGKILL"), 30_000);
      await ended;
      clearTimeout(late);
    }
    await rm(data, { recursive: true, force: true });
  };
  try {
    await until("the program is ready", async () => {
      if (program.exitCode !== null) throw new Stop(`the program ended with ${program.exitCode}\n${output}`);
      return (await fetch(`${base}/readyz`)).ok;
    }, 60_000);
  } catch (error) {
    await close();
    throw error;
  }
  return { base, said: () => output, close };
}

/** An error that waiting does not mend. */
class Stop extends Error {}

/** Asks until the answer is truthy, and gives it back. */
export async function until(what, ask, patience = PATIENCE) {
  const end = Date.now() + patience;
  let last;
  for (;;) {
    try {
      const answer = await ask();
      if (answer) return answer;
    } catch (error) {
      if (error instanceof Stop) throw error;
      last = error;
    }
    if (Date.now() > end) throw new Error(`waited in vain: ${what}${last ? ` (${last.message})` : ""}`);
    await new Promise((wake) => setTimeout(wake, 100));
  }
}

export function openBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--disable-dev-shm-usage",
    ],
  });
}

/**
 * A visitor: a browser context of its own, whose pages are watched. `faults` collects console errors, uncaught
 * errors, violations of the content security policy, and requests that leave the site.
 */
export async function openVisitor(browser, base, options = {}) {
  const context = await browser.newContext({
    baseURL: base,
    locale: "en-US",
    viewport: { width: 390, height: 844 },
    reducedMotion: "reduce",
    ...options,
  });
  context.setDefaultTimeout(PATIENCE);
  const faults = [];
  const note = (page, text) => faults.push(`${page.url().replace(base, "")}: ${text}`);
  if (options.javaScriptEnabled !== false) {
    await context.exposeBinding("noteViolation", ({ page }, text) => note(page, `CSP violation: ${text}`));
    await context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => {
        window.noteViolation(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile ?? ""}:${event.lineNumber}`);
      });
    });
  }
  context.on("page", (page) => {
    page.on("console", (message) => {
      if (message.type() !== "error") return;
      // A page that is answered 4xx on purpose (a declined card, a form with errors) is logged as a failed resource.
      const own = message.location().url === page.url() || message.location().url === "";
      if (own && /Failed to load resource/.test(message.text())) return;
      note(page, `console: ${message.text()}`);
    });
    page.on("pageerror", (error) => note(page, `uncaught: ${error.message}`));
    page.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(`${base}/`) && !/^(data|blob|about):/.test(url)) note(page, `asks elsewhere: ${url}`);
    });
  });
  return { context, faults, page: await context.newPage() };
}

let axeSource;

/** What axe-core finds on the page, a line each; nothing where all is well. */
export async function axe(page) {
  axeSource ??= await readFile(require.resolve("axe-core/axe.min.js"), "utf8");
  // Through the debugger, so that the page's policy neither hinders it nor has to be loosened.
  await page.evaluate(axeSource);
  const found = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ["violations"] });
    return violations.map(({ id, help, nodes }) => ({
      id,
      help,
      where: nodes.slice(0, 3).map((node) => `${node.target.join(" ")} ${node.any?.[0]?.message ?? ""}`.trim()),
    }));
  });
  return found.map(({ id, help, where }) => `axe ${id}: ${help}: ${where.join(" | ")}`);
}

/** Elements that stand out at the side, when the page scrolls sideways. */
export function sideways(page) {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    const out = [...document.body.querySelectorAll("*")].filter((element) => element.getBoundingClientRect().right > width + 0.5);
    const names = out.slice(-3).map((element) => `${element.tagName.toLowerCase()}.${element.className}`);
    return [`scrolls sideways: ${document.documentElement.scrollWidth} > ${width} px: ${names.join(", ")}`];
  });
}

const shots = process.env.SHOTS;

/** Writes a picture of the whole page, where SHOTS names a folder. */
export async function shot(page, name) {
  if (!shots) return;
  await mkdir(shots, { recursive: true });
  await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
}

export const path = (page) => new URL(page.url()).pathname;

const SIZES = [
  { width: 360, height: 740 },
  { width: 390, height: 844 },
  { width: 1280, height: 900 },
];

/** Looks at one page in every width and both schemes; axe once a scheme and at the widest and narrowest. */
export async function lookAt(page, address, name, go = () => page.goto(address)) {
  const wrong = [];
  await go();
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (const size of SIZES) {
      await page.setViewportSize(size);
      const found = await sideways(page);
      if (size.width !== 390) found.push(...(await axe(page)));
      wrong.push(...found.map((line) => `${name} ${size.width} ${colorScheme}: ${line}`));
      await shot(page, `${name}-${size.width}-${colorScheme}`);
    }
    // Opened details are part of the page.
    await page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = true)));
    for (const size of [SIZES[0], SIZES[2]]) {
      await page.setViewportSize(size);
      wrong.push(...(await sideways(page)).map((line) => `${name} ${size.width} ${colorScheme}, opened: ${line}`));
    }
    wrong.push(...(await axe(page)).map((line) => `${name} ${colorScheme}, opened: ${line}`));
    await page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = false)));
  }
  return wrong;
}

export const nameOf = (address) => address.replace(/[^a-z0-9]+/gi, "-").replace(/^-|-$/g, "") || "home";

/** Plays every journey whose name holds ONLY, tells how each went, and ends the process. */
export async function play(journeys) {
  const program = await openProgram();
  const browser = await openBrowser();
  let [passed, failed] = [0, 0];
  try {
    const wanted = journeys.filter(({ name }) => name.includes(process.env.ONLY ?? ""));
    for (const { name, walk, options } of wanted) {
      const began = Date.now();
      const visitor = await openVisitor(browser, program.base, options);
      try {
        await walk({ base: program.base, browser, ...visitor });
        if (visitor.faults.length > 0) throw new Error("it went well, but the console was not quiet");
        passed += 1;
        console.log(`ok      ${name} (${Date.now() - began} ms)`);
      } catch (error) {
        failed += 1;
        console.log(`FAILED  ${name} (${Date.now() - began} ms)\n${String(error.stack ?? error).replace(/^/gm, "        ")}`);
        for (const fault of new Set(visitor.faults)) console.log(`        ${fault.trim()}`);
        console.log(`        at ${visitor.page.url()}`);
        await shot(visitor.page, `failed-${nameOf(name)}`).catch((e) => console.log(`        no picture: ${e.message}`));
      } finally {
        await visitor.context.close();
      }
    }
  } finally {
    await browser.close();
    await program.close();
  }
  if (failed > 0 && program.said()) console.log(`\nThe program's last words:\n${program.said().slice(-4000)}`);
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exit(failed > 0 || passed === 0 ? 1 : 0);
}
