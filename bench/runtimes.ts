import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { chromium } from "playwright-core";
import type { Effort } from "./measure.js";
import { servePage } from "./page.js";
import type { Report } from "./report.js";

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** Thrown if a program that the bench needs is not installed. */
export class MissingError extends Error {}

/** A program, and its flags before the path of a script in TypeScript. Functions throw MissingError if it is not installed. */
export const programs = {
  node: () => [process.execPath, ["--expose-gc", "--import", "tsx"]],
  bun: () => [find("bun", "npm install --no-save bun"), []],
  deno: () => {
    const flags = ["--allow-all", "--node-modules-dir=manual", "--unstable-sloppy-imports"];
    return [find("deno", "npm install --no-save deno"), ["run", ...flags]];
  },
} satisfies Record<string, () => [program: string, flags: string[]]>;

/** Functions that make a report in each runtime. They throw MissingError if it is not installed. */
export const runtimes: Readonly<Record<string, (effort: Effort) => Promise<Report>>> = {
  node: (effort) => run(...programs.node(), effort),
  bun: (effort) => run(...programs.bun(), effort),
  deno: (effort) => run(...programs.deno(), effort),
  chromium: inChromium,
};

async function run(program: string, flags: string[], effort: Effort): Promise<Report> {
  const { stdout } = await promisify(execFile)(
    program,
    [...flags, here("on-server.ts"), JSON.stringify(effort)],
    {
      cwd: here(".."),
      maxBuffer: 2 ** 24,
      // cose-kit's CBOR has an addon for Node that neither Bun nor Deno can load.
      env: { ...process.env, CBOR_NATIVE_ACCELERATION_DISABLED: "true" },
    },
  );
  return JSON.parse(stdout) as Report;
}

function find(name: string, how: string): string {
  const folders = [here("../node_modules/.bin"), ...(process.env.PATH ?? "").split(delimiter)];
  const found = folders.map((folder) => join(folder, name)).find(existsSync);
  if (found === undefined) throw new MissingError(`${name} is not installed: ${how}`);
  return found;
}

async function inChromium(effort: Effort): Promise<Report> {
  const executablePath = "/usr/bin/chromium";
  if (!existsSync(executablePath)) {
    throw new MissingError(`${executablePath} is not installed: apt-get install chromium`);
  }
  const served = await servePage({
    script: here("in-browser.ts"),
    html: '<script type="module" src="/script.js"></script>',
  });
  const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"];
  const quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"];
  const browser = await chromium.launch({ executablePath, args: [...args, ...quiet] });
  try {
    const page = await browser.newPage();
    await page.goto(served.url);
    await page.waitForFunction("globalThis.report !== undefined");
    const call = `report("Chromium ${browser.version()}", ${JSON.stringify(effort)})`;
    return (await page.evaluate(call)) as Report;
  } finally {
    await browser.close();
    served.close();
  }
}
