import { cpSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { folderFor, install, installed, root } from "../support/installed.js";

const vitest = join(root, "node_modules/vitest/vitest.mjs");

/** The program and arguments that start vitest in a runtime. Arguments for vitest are appended. */
export interface Start {
  readonly command: readonly string[];
  readonly cwd: string;
}

/** Functions by the name of a runtime: each installs the runtime if it is missing, and returns how to start the tests. */
export const runtimes: Readonly<Record<string, () => Start>> = {
  "node 20": () => inNode(process.execPath),
  "node 22": () => inNode(join(installed("node@22"), "node/bin/node")),
  "node 24": () => inNode(join(installed("node@24"), "node/bin/node")),
  "node 26": () => inNode(join(installed("node@26"), "node/bin/node")),
  bun: () => inRepository([join(installed("bun@1"), ".bin/bun"), "--bun", vitest], "node"),
  deno: () => {
    const deno = join(installed("deno@2"), ".bin/deno");
    return inRepository([deno, "run", "-A", "--node-modules-dir=manual", vitest], "deno");
  },
  workerd: () => {
    const cwd = copyForWorkerd();
    return { command: [process.execPath, join(cwd, "node_modules/vitest/vitest.mjs")], cwd };
  },
  chromium: () => inBrowser("chromium"),
  firefox: () => inBrowser("firefox"),
};

function inNode(node: string): Start {
  return inRepository([node, vitest], "node");
}

function inRepository(command: readonly string[], project: string): Start {
  const options = ["run", "--config", "vitest.runtimes.config.ts", "--project", project];
  return { command: [...command, ...options], cwd: root };
}

function inBrowser(project: string): Start {
  const options = ["run", "--config", "vitest.browsers.config.ts", "--project", project];
  return { command: [process.execPath, vitest, ...options], cwd: root };
}

/** Copies the tests and the sources to a folder with Cloudflare's pool, which needs vitest in the same folder. */
function copyForWorkerd(): string {
  const folder = folderFor("workerd");
  const same = ["vitest", "@vitest/runner", "@vitest/snapshot", "zod", "fast-check"];
  const others = ["@noble/hashes", "@noble/ciphers", "@noble/curves", "@noble/post-quantum"];
  others.push("@msgpack/msgpack", "hpke");
  const asHere = [...same, ...others].map((name) => `${name}@${versionHere(name)}`);
  install(folder, ["@cloudflare/vitest-pool-workers@0.23", ...asHere]);
  // Its exact peer dependencies conflict with the versions here, so that npm does not install it.
  const withPeers = "node_modules/ts-mls";
  for (const part of ["src", "test", "vectors", withPeers]) {
    rmSync(join(folder, part), { recursive: true, force: true });
    cpSync(join(root, part), join(folder, part), { recursive: true });
  }
  cpSync(join(root, "tsconfig.json"), join(folder, "tsconfig.json"));
  cpSync(join(root, "test/runtimes/workerd.config.mjs"), join(folder, "vitest.config.mjs"));
  return folder;
}

function versionHere(name: string): string {
  return JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8")).version;
}
