import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

function testsIn(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.name === "node_modules") return [];
    if (entry.isDirectory()) return testsIn(path);
    return path.endsWith(".test.ts") ? [path] : [];
  });
}

it("each property has its number of runs from test/support/runs.ts, as in { numRuns: runs(1000) }", () => {
  const tests = [...testsIn("test"), ...testsIn("examples")];
  expect(tests.length).toBeGreaterThan(100);
  const withNumbers = tests.filter((file) =>
    /\bnumRuns: \d/.test(readFileSync(join(root, file), "utf8")),
  );
  expect(withNumbers).toEqual([]);
});
