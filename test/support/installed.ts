import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));

/** Returns a folder for packages that are installed on demand, and are no dependencies of the repository. */
export function folderFor(name: string): string {
  const folder = join(root, "node_modules/.cache/lacre-installed", name);
  mkdirSync(folder, { recursive: true });
  if (!existsSync(join(folder, "package.json"))) {
    writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  }
  return folder;
}

/** Installs packages in a folder, if it has none yet. */
export function install(folder: string, packages: readonly string[]): void {
  const { dependencies } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  if (dependencies !== undefined) return;
  execFileSync("npm", ["install", "--no-audit", "--no-fund", "--silent", ...packages], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
  });
}

/** Returns the result of `work`, which installs packages. If npm cannot install them, skips the test, or fails in CI. */
export function orSkip<Result>(work: () => Result, skip: (note: string) => never): Result {
  try {
    return work();
  } catch (error) {
    if (process.env.LACRE_REQUIRE_ALL) throw error;
    return skip("needs packages that npm could not install");
  }
}

/** Returns the `node_modules` folder with one installed package, such as `bun@1`. */
export function installed(spec: string): string {
  const folder = folderFor(spec.replaceAll(/[^\w.]+/g, "-"));
  install(folder, [spec]);
  return join(folder, "node_modules");
}
