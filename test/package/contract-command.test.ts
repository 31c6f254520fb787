import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  createDatabase,
  type ScratchDatabase,
} from "../../examples/server/harness/processes/database.js";
import { ServerProcess } from "../../examples/server/harness/processes/server-process.js";
import { root } from "../support/installed.js";

/** The package `lacre-contract` as npm publishes it, installed in a folder outside the repository without a registry. */
describe("npx lacre-contract", () => {
  const folder = mkdtempSync(join(tmpdir(), "lacre-contract-package-"));
  const env = { ...process.env, npm_config_offline: "true", NODE_OPTIONS: "" };
  const npx = (...args: readonly string[]) =>
    promisify(execFile)("npx", ["lacre-contract", ...args], { cwd: folder, env });
  let database: ScratchDatabase;
  let server: ServerProcess;

  beforeAll(async () => {
    const source = join(root, "examples/contract");
    execFileSync("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: source });
    writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true }));
    const [tarball] = readdirSync(folder).filter((file) => file.endsWith(".tgz"));
    const options = ["--offline", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"];
    execFileSync("npm", ["install", ...options, `./${tarball}`], { cwd: folder });
    database = await createDatabase("sqlite");
    server = await ServerProcess.create({ databaseUrl: database.url });
    await server.start();
  }, 300_000);
  afterAll(async () => {
    await server?.stop();
    await database?.remove();
    rmSync(folder, { recursive: true });
  });

  it("has the version of lacre, no dependencies, and only the program with what it reads", () => {
    const own = join(folder, "node_modules/lacre-contract");
    const manifest = JSON.parse(readFileSync(join(own, "package.json"), "utf8"));
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    expect(manifest.version).toBe(version);
    expect(manifest.dependencies).toBeUndefined();
    expect(
      readdirSync(join(folder, "node_modules")).filter((name) => !name.startsWith(".")),
    ).toEqual(["lacre-contract"]);
    expect(readdirSync(own).sort()).toEqual(["README.md", "dist", "package.json"]);
    expect(readdirSync(join(own, "dist")).sort()).toEqual([
      ...["LICENSES.txt", "PROTOCOL.md", "lacre-contract.js"],
    ]);
  });

  it("lists its cases", async () => {
    const { stdout } = await npx("--list");
    expect(stdout).toMatch(/^S-16 {2}websocket treats read without a seq/m);
  });

  it("tests a server", async () => {
    const { stdout } = await npx(server.url, "--only", "S-12", "--only", "H-10");
    expect(stdout).toMatch(/: ([1-9]\d*) of \1 cases passed, in /);
  });

  it("quotes the requirement that a server does not meet", async () => {
    const failed = npx(`${server.url}/missing`, "--only", "H-6");
    const text =
      /H-2: register a user\n {2}required by docs\/PROTOCOL.md:\n {4}> \*\*H-2\*\* `POST/;
    await expect(failed).rejects.toMatchObject({ code: 1, stdout: expect.stringMatching(text) });
  });
});
