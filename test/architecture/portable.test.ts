import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const tests = fileURLToPath(new URL("../", import.meta.url));
const ofNode =
  /^(assurance|interop|architecture|docs|package|runtimes)\/|^support\/installed\.ts$|\.node\.test\.ts$/;

it("only tests that are named for Node use Node, because all others also run in browsers", () => {
  const portable = readdirSync(tests, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".ts") && !ofNode.test(file),
  );
  expect(portable.length).toBeGreaterThan(30);
  const withNode = portable.filter((file) =>
    /from "node:|(?<!globalThis\.)\b(process|Buffer)\./.test(
      readFileSync(join(tests, file), "utf8"),
    ),
  );
  expect(withNode).toEqual([]);
});
