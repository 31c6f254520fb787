import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { builtCommand } from "./command.js";
import { referenceServer } from "./reference-server.js";

const { program, run: lacreContract } = builtCommand();

describe("lacre-contract against the reference server", () => {
  const folder = mkdtempSync(join(tmpdir(), "lacre-contract-"));
  const url = referenceServer();
  afterAll(() => rmSync(folder, { recursive: true }));

  it("passes all cases", async () => {
    const junit = join(folder, "junit.xml");
    const ran = await lacreContract(url(), "--json", "--junit", junit, "--timeout", "30");
    expect(ran).toMatchObject({ code: 0 });
    const report = JSON.parse(ran.stdout);
    expect(report).toMatchObject({ failed: 0, passed: report.results.length });
    expect(report.passed).toBeGreaterThanOrEqual(40);
    const xml = readFileSync(junit, "utf8");
    expect(xml).toContain(`tests="${report.passed}" failures="0"`);
    expect(xml.match(/<testcase /g)).toHaveLength(report.passed);
    expect(ran.stderr.trim().split("\n")).toHaveLength(report.passed);
  }, 180_000);

  it("runs only the cases of --only, and accepts a URL that ends with a slash", async () => {
    const ran = await lacreContract(`${url()}/`, "--only", "S-16", "--only", "ticket");
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain("2 of 2 cases passed");
  });
});

describe("lacre-contract against a server that answers everything with 404", () => {
  let server: Server;
  let url: string;
  beforeAll(async () => {
    server = createServer((_, response) => response.writeHead(404).end('{"what":"<no & no>"}'));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => void server.close());

  it("reports expected and received answers, and exits with 1", async () => {
    const ran = await lacreContract(url, "--only", "H-6");
    expect(ran.code).toBe(1);
    expect(ran.stdout).toMatch(/^H-2: register a user\n/);
    expect(ran.stdout).toContain("expected POST /auth/register to be answered with 201\n");
    expect(ran.stdout).toContain('received 404 {"what":"<no & no>"}\n');
    expect(ran.stdout).toContain("0 of 1 cases passed; faults: 1; not run: 1,");
    expect(ran.stderr).toContain("1/1 not run H-6");
  });

  it("escapes the answer in the JUnit XML", async () => {
    const folder = mkdtempSync(join(tmpdir(), "lacre-contract-"));
    const junit = join(folder, "junit.xml");
    await lacreContract(url, "--only", "H-6", "--junit", junit);
    expect(readFileSync(junit, "utf8")).toContain(
      "&quot;what&quot;:&quot;&lt;no &amp; no&gt;&quot;",
    );
    rmSync(folder, { recursive: true });
  });
});

describe("lacre-contract", () => {
  it("lists its cases", async () => {
    const { code, stdout } = await lacreContract("--list");
    expect(code).toBe(0);
    expect(stdout.trim().split("\n").length).toBeGreaterThanOrEqual(40);
    expect(stdout).toMatch(/^S-16 {2}websocket treats read without a seq/m);
  });

  it.each(["websocket", "http", "devices"])("selects the cases of part %s", async (part) => {
    const { stdout } = await lacreContract("--list", "--part", part);
    const parts = stdout
      .trim()
      .split("\n")
      .map((line) => line.split(/ +/)[1]);
    expect(new Set(parts)).toEqual(new Set([part]));
  });

  it.each([
    [[], "the URL of the server is missing"],
    [["ftp://127.0.0.1"], "Use an http or https URL"],
    [["http://127.0.0.1:1"], "cannot reach http://127.0.0.1:1/"],
    [["http://127.0.0.1:1", "--only", "Q-1"], "no case matches Q-1"],
    [["http://127.0.0.1:1", "--part", "http", "--only", "S-9"], "no case of part http matches S-9"],
    [["http://127.0.0.1:1", "--part", "udp"], "Allowed choices are websocket, http"],
    [["http://127.0.0.1:1", "--timeout", "soon"], "Use a number greater than 0"],
  ])("exits with 2 for the arguments %j", async (args, message) => {
    const { code, stdout, stderr } = await lacreContract(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(message);
  });
});

it("exits without an error when the reader of its output closes the pipe", async () => {
  const child = spawn(process.execPath, [program, "--list"], { stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.destroy();
  const errors = text(child.stderr);
  const [code] = await once(child, "close");
  expect({ code, errors: await errors }).toEqual({ code: 0, errors: "" });
});
