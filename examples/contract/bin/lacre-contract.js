#!/usr/bin/env node
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { register } from "tsx/esm/api";

const root = fileURLToPath(new URL("../../..", import.meta.url));
if (!existsSync(`${root}/dist`)) {
  console.error("lacre-contract: building lacre for the first run…");
  execFileSync("npm", ["run", "--silent", "build"], { cwd: root, stdio: ["ignore", 2, 2] });
}
register();
await import("../src/main.ts");
