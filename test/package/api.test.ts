import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../support/installed.js";
import { entries, reportOf } from "./api-report.js";

describe("the public surface", () => {
  it("has a report for each entry", () => {
    const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const reported = Object.values(entries).map((path) => `./dist/${path}.js`);
    const exported = Object.values(exports as Record<string, { default?: string }>);
    const scripts = exported.flatMap((entry) => entry.default ?? []);
    expect(reported).toEqual(scripts.filter((path) => path.endsWith(".js")));
  });

  it.each(Object.keys(entries) as (keyof typeof entries)[])(
    "of %s equals the report in docs/api/; run npm run api after an intended change",
    (name) => expect(reportOf(name)).toBe(true),
  );

  it("is completely documented, without broken links (typedoc)", () => {
    const typedoc = join(root, "node_modules/typedoc/bin/typedoc");
    execFileSync(process.execPath, [typedoc, "--emit", "none"], { cwd: root, stdio: "pipe" });
  });
});
