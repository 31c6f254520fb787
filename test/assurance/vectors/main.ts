import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { files } from "./files.js";

// Writes vectors/*.json and the types of these files. With --check, names the files that are out of date.

const root = fileURLToPath(new URL("../../../", import.meta.url));
const isCheck = process.argv.includes("--check");
const stale: string[] = [];

for (const [path, text] of Object.entries(files)) {
  const at = `${root}${path}`;
  if (existsSync(at) && readFileSync(at, "utf8") === text) continue;
  stale.push(path);
  if (isCheck) continue;
  mkdirSync(at.slice(0, at.lastIndexOf("/")), { recursive: true });
  writeFileSync(at, text);
}

if (isCheck && stale.length > 0) {
  console.error(`out of date: ${stale.join(", ")}; run npm run vectors`);
  process.exit(1);
}
console.log(stale.length === 0 ? "the vectors are up to date" : `written: ${stale.join(", ")}`);
