// Runs bench/mls.ts in Node, Bun, Deno, Chromium and Firefox, where these are installed. It needs a build (npm run build).
// npx tsx bench/mls-everywhere.ts [--no-subtle] [devices…]
import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { existsSync, mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { servePage } from "./page.js";
import { MissingError, programs } from "./runtimes.js";

const given = process.argv.slice(2);
const script = "bench/mls.ts";

async function onServer(program: string, flags: readonly string[]): Promise<void> {
  const child = spawn(program, [...flags, script, ...given], { stdio: "inherit" });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`${program} ended with ${code}`);
}

/** Opens a page that runs the bundle and posts each line to this process. */
async function inBrowser(program: string, flags: (profile: string) => string[]): Promise<void> {
  if (!existsSync(program)) throw new MissingError(`${program} is not installed`);
  const ended = new EventEmitter<{ end: [error: string] }>();
  const served = await servePage({
    script,
    html: `<script type="module">
      const post = (path, text) => fetch(path, { method: "POST", body: text });
      let posted = Promise.resolve();
      console.log = (text) => { posted = posted.then(() => post("/line", text)); };
      import("/script.js").then(async () => { await posted; await post("/end", ""); },
        (error) => post("/end", String(error.stack ?? error)));
    </script>`,
    define: { "process.argv": JSON.stringify(["", "", ...given]) },
    onPost: (path, text) => void (path === "/line" ? console.log(text) : ended.emit("end", text)),
  });
  const profile = mkdtempSync(join(tmpdir(), "lacre-bench-"));
  const browser = spawn(program, [...flags(profile), served.url], { stdio: "ignore" });
  const exited = once(browser, "exit");
  try {
    const exitedEarly = exited.then(() => ["the browser ended"]);
    const [error] = await Promise.race([once(ended, "end"), exitedEarly]);
    if (error !== "") throw new Error(error);
  } finally {
    browser.kill();
    await exited;
    served.close();
    // Its other processes end later, and write until then.
    await rm(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

const runs: Readonly<Record<string, () => Promise<void>>> = {
  Node: () => onServer(...programs.node()),
  Bun: () => onServer(...programs.bun()),
  Deno: () => onServer(...programs.deno()),
  Chromium: () =>
    inBrowser("/usr/bin/chromium", (profile) => [
      ...["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"],
      ...["--disable-background-networking", `--user-data-dir=${profile}`],
    ]),
  Firefox: () =>
    inBrowser("/usr/bin/firefox-esr", (profile) => [
      "--headless",
      "--no-remote",
      "--profile",
      profile,
    ]),
};

for (const [name, run] of Object.entries(runs)) {
  console.log(`\n# ${name}`);
  try {
    await run();
  } catch (error) {
    if (!(error instanceof MissingError)) throw error;
    console.log(`SKIPPED: ${error.message}`);
  }
}
