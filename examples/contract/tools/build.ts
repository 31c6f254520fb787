import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

// Bundles the command with the library and its other packages in one file, so that the published package has no dependencies.

const folder = fileURLToPath(new URL("../", import.meta.url));
const root = resolve(folder, "../..");

/** esbuild's `require` of a module of Node, which CommonJS packages call, does not work in ES modules without this. */
const REQUIRE =
  'import { createRequire as createRequireOfNode } from "node:module";\nconst require = createRequireOfNode(import.meta.url);';

/** Writes the command, the protocol that it quotes, and the licenses of the bundled packages. Returns the command's path. */
export async function buildCommand(outdir: string): Promise<string> {
  const outfile = join(outdir, "lacre-contract.js");
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [join(folder, "src/main.ts")],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    banner: { js: `#!/usr/bin/env node\n${REQUIRE}` },
    legalComments: "none",
    metafile: true,
    logLevel: "warning",
  });
  mkdirSync(outdir, { recursive: true });
  copyFileSync(join(root, "docs/PROTOCOL.md"), join(outdir, "PROTOCOL.md"));
  writeFileSync(join(outdir, "LICENSES.txt"), licensesOf(Object.keys(metafile.inputs)));
  return outfile;
}

/** Returns the license texts of the packages that the files are in. */
function licensesOf(files: readonly string[]): string {
  const packages = new Set(files.map((file) => packageOf(resolve(root, file))));
  const texts = [...packages].sort().map((path) => {
    const { name } = JSON.parse(readFileSync(join(path, "package.json"), "utf8"));
    const license = readdirSync(path).find((file) => /^licen[cs]e/i.test(file));
    if (license === undefined) throw new Error(`${name} has no license file`);
    return `${name}\n\n${readFileSync(join(path, license), "utf8").trim()}\n`;
  });
  return texts.join(`\n${"-".repeat(80)}\n\n`);
}

/** Returns the folder of the package that a file is in. The command itself has the license of the repository. */
function packageOf(file: string): string {
  let path = dirname(file);
  while (path !== folder.slice(0, -1) && !isPackage(path)) path = dirname(path);
  return path === folder.slice(0, -1) ? root : path;
}

/** Whether a folder has a package.json with a name. Packages have others, which only set the type of their modules. */
function isPackage(path: string): boolean {
  const file = join(path, "package.json");
  return existsSync(file) && JSON.parse(readFileSync(file, "utf8")).name !== undefined;
}

if (import.meta.url === pathToFileURL(process.argv[1]!).href) {
  await buildCommand(join(folder, "dist"));
}
