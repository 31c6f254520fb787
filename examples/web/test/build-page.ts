import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const web = fileURLToPath(new URL("../", import.meta.url));

export const WEB_ROOT = `${web}dist`;

/** Builds the page as it is served: in a process of its own, as a test's would have it made for tests. */
export default function buildPage(): void {
  const env = { ...process.env, NODE_ENV: "production" };
  const vite = join(
    dirname(createRequire(import.meta.url).resolve("vite/package.json")),
    "bin/vite.js",
  );
  execFileSync(process.execPath, [vite, "build", "--logLevel", "warn"], { cwd: web, env });
}
