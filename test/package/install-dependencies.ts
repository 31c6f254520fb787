// Installs the library's dependencies in the oldest versions that its ranges allow, or in the latest ones, to run the tests
// with them: npx tsx test/package/install-dependencies.ts oldest (or latest). npm install restores the locked versions.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../support/installed.js";

const [which] = process.argv.slice(2);
if (which !== "oldest" && which !== "latest") throw new Error("pass an argument: oldest or latest");
const { dependencies, peerDependencies } = JSON.parse(
  readFileSync(join(root, "package.json"), "utf8"),
);
const ranges = Object.entries<string>({ ...dependencies, ...peerDependencies });
const packages = ranges.map(([name, range]) =>
  which === "latest" ? `${name}@latest` : `${name}@${range.replace(/^[\^~]/, "")}`,
);
console.log(packages.join(" "));
execFileSync("npm", ["install", "--no-save", "--no-audit", "--no-fund", ...packages], {
  cwd: root,
  stdio: "inherit",
});
