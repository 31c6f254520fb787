import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { root } from "../support/installed.js";

declare module "vitest" {
  interface ProvidedContext {
    packed: Packed;
  }
}

/** The package as npm publishes it, and a project that has it installed. */
export interface Packed {
  readonly tarball: string;
  readonly files: readonly string[];
  /** A folder whose `node_modules` contains the unpacked tarball and the dependencies of this repository. */
  readonly project: string;
}

const dependencies = [
  ...["@msgpack", "@noble", "@types/node", "fast-check", "pure-rand", "undici-types", "zod"],
];

/** Packs the build once for all tests of the package. */
export default function setup({ provide }: TestProject): () => void {
  const cache = join(root, "node_modules/.cache");
  mkdirSync(cache, { recursive: true });
  const project = mkdtempSync(join(cache, "consumer-"));
  const installed = join(project, "node_modules");
  mkdirSync(join(installed, "lacre"), { recursive: true });

  const options = ["--json", "--ignore-scripts", "--pack-destination", project];
  const output = execFileSync("npm", ["pack", ...options], { cwd: root, encoding: "utf8" });
  const [{ filename, files }] = JSON.parse(output);
  const tarball = join(project, filename);
  execFileSync("tar", ["-xzf", tarball, "--strip-components=1", "-C", join(installed, "lacre")]);
  mkdirSync(join(installed, "@types"));
  for (const name of dependencies) {
    symlinkSync(join(root, "node_modules", name), join(installed, name));
  }

  // Without a package.json, the project would belong to this repository, and `lacre` would resolve to it.
  writeFileSync(join(project, "package.json"), JSON.stringify({ type: "module" }));

  provide("packed", {
    tarball,
    project,
    files: files.map(({ path }: { path: string }) => path),
  });
  return () => rmSync(project, { recursive: true });
}
