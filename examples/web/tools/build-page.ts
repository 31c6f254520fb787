import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const web = fileURLToPath(new URL("../", import.meta.url));

export const WEB_ROOT = `${web}dist`;

/** Builds the page for production. Uses a separate process, as the test runner sets NODE_ENV to "test" in this one. */
export default async function buildPage(): Promise<void> {
  const env = { ...process.env, NODE_ENV: "production" };
  const vite = join(
    dirname(createRequire(import.meta.url).resolve("vite/package.json")),
    "bin/vite.js",
  );
  const args = [vite, "build", "--logLevel", "warn"];
  await promisify(execFile)(process.execPath, args, { cwd: web, env });
}
