import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { describe, expect, inject, it } from "vitest";
import { parse } from "yaml";
import { root } from "../support/installed.js";

const { files, project, tarball } = inject("packed");
const unpacked = join(project, "node_modules/lacre");
const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.slice(0, -".ts".length));

/** The files of docs/ that the README's table "in the package" names. */
function guidesIn(readme: string): string[] {
  const [, table] = /^These are in the package too:\n(.*?)^These are in the repository:$/ms.exec(
    readme,
  )!;
  return [...table!.matchAll(/\]\((docs\/[\w-]+\.md)\)/g)].map(([, path]) => path!);
}

describe("the package", () => {
  it("contains each source with its script, types and maps, the documents and the vectors, and no other file", () => {
    const built = sources
      .flatMap((name) => [
        `src/${name}.ts`,
        ...["js", "js.map", "d.ts", "d.ts.map"].map((kind) => `dist/${name}.${kind}`),
      ])
      // It contains other packages, whose sources are not in this one.
      .filter((path) => path !== "dist/mls/engine-library.js.map");
    const others = [
      ...["CHANGELOG.md", "LICENSE", "README.md", "SECURITY.md"],
      ...guidesIn(readFileSync(join(root, "README.md"), "utf8")),
      ...readdirSync(join(root, "vectors")).map((name) => `vectors/${name}`),
    ];
    expect([...files].sort()).toEqual([...built, ...others, "package.json"].sort());
  });

  it("names the packages that it contains, with version and licence", () => {
    const code = readFileSync(join(unpacked, "dist/mls/engine-library.js"), "utf8");
    for (const name of ["hpke", "ts-mls"]) {
      const manifest = join(root, "node_modules", name, "package.json");
      const { version } = JSON.parse(readFileSync(manifest, "utf8"));
      expect(code).toContain(`/*!\n${name} ${version}\n`);
    }
    expect(code.match(/^Permission is hereby granted/gm)).toHaveLength(2);
    expect(code).not.toMatch(/^import |\bimport\(/m);
  });

  it("has the packages that it contains in its bill of materials", () => {
    const bill = join(mkdtempSync(join(project, "bill-")), "lacre.cdx.json");
    const lacre = { "bom-ref": "lacre@1.0.0", name: "lacre" };
    const dependencies = [{ ref: "lacre@1.0.0", dependsOn: [] }];
    writeFileSync(bill, JSON.stringify({ components: [lacre], dependencies }));
    execFileSync(process.execPath, [join(root, ".github/add-bundled.mjs"), bill, unpacked]);
    const { components, dependencies: graph } = JSON.parse(readFileSync(bill, "utf8"));
    const [, ...added] = components;
    expect(added.map(({ name }: { name: string }) => name)).toEqual(["hpke", "ts-mls"]);
    for (const { licenses } of added) expect(licenses).toEqual([{ license: { id: "MIT" } }]);
    const refs = added.map((component: Record<string, string>) => component["bom-ref"]);
    expect(graph[0].dependsOn).toEqual(refs);
  });

  it("has maps that refer to the sources in the package", () => {
    for (const file of files.filter((name) => name.endsWith(".map"))) {
      const path = join(unpacked, file);
      for (const source of JSON.parse(readFileSync(path, "utf8")).sources) {
        expect(existsSync(join(dirname(path), source)), `${file}: ${source}`).toBe(true);
      }
    }
  });

  it("names its repository, home page and issues after the step of the release workflow", () => {
    const workflow = readFileSync(join(root, ".github/workflows/release.yml"), "utf8");
    const step = parse(workflow).jobs.publish.steps.find(({ run }: { run?: string }) =>
      run?.includes("npm pkg set"),
    );
    const cwd = mkdtempSync(join(project, "release-"));
    const manifests = ["package.json", "examples/contract/package.json"];
    for (const manifest of manifests) cpSync(join(root, manifest), join(cwd, manifest));
    const repository = {
      GITHUB_SERVER_URL: "https://example.org",
      GITHUB_REPOSITORY: "acme/lacre",
    };
    execFileSync("bash", ["-euc", step.run], { cwd, env: { ...process.env, ...repository } });
    for (const manifest of manifests) {
      const released = JSON.parse(readFileSync(join(cwd, manifest), "utf8"));
      expect(released).toMatchObject({
        repository: { type: "git", url: "git+https://example.org/acme/lacre.git" },
        homepage: "https://example.org/acme/lacre#readme",
        bugs: { url: "https://example.org/acme/lacre/issues" },
      });
    }
  });

  it("contains each vector once", () => {
    const frame = JSON.parse(readFileSync(join(unpacked, "vectors/wire2.json"), "utf8")).valid[0]
      .frame;
    const holders = files.filter((file) =>
      readFileSync(join(unpacked, file), "utf8").includes(frame),
    );
    expect(holders).toEqual(["vectors/wire2.json"]);
  });

  it("has no problems according to publint", async () => {
    const pkg = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const { messages } = await publint({ pkgDir: unpacked, strict: true, pack: false });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  it("has types for every module resolution of ESM (attw)", () => {
    const attw = join(root, "node_modules/.bin/attw");
    execFileSync(attw, [tarball, "--profile", "esm-only", "--no-color"], { encoding: "utf8" });
  });

  it("has a reproducible build", () => {
    const again = "dist-again";
    const options = { cwd: root, stdio: "pipe" } as const;
    try {
      execFileSync("node_modules/.bin/tsup", ["--silent", "--out-dir", again], options);
      execFileSync(
        "node_modules/.bin/tsc",
        ["-p", "tsconfig.build.json", "--outDir", again],
        options,
      );
      for (const file of files.filter((name) => name.startsWith("dist/"))) {
        const second = readFileSync(join(root, file.replace("dist", again)), "utf8");
        expect(second === readFileSync(join(unpacked, file), "utf8"), file).toBe(true);
      }
    } finally {
      rmSync(join(root, again), { recursive: true, force: true });
    }
  });
});
