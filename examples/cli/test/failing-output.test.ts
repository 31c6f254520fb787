import type { StdioOptions } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestServer } from "../../server/test/support.js";
import { outcomeOf, startProgram, startProgramWith } from "./program.js";

const server = new TestServer();
const folder = mkdtempSync(join(tmpdir(), "lacre-output-test-"));
const pathOf = (name: string) => join(folder, name);
const argsOf = (profile: string, args: readonly string[]) => [
  ...["--profile", profile, "--server", server.url],
  ...["--password-file", pathOf("password"), "--passphrase-file", pathOf("passphrase")],
  ...args,
];

beforeAll(async () => {
  await server.start();
  writeFileSync(pathOf("password"), "correct horse\n");
  writeFileSync(pathOf("passphrase"), "battery staple\n");
  await Promise.all(["alice", "bob"].map((name) => run(name, ["register", name])));
  expect((await run("alice", ["send", "bob", "first"])).code).toBe(0);
  expect((await run("bob", ["open", "alice"])).code).toBe(0);
});
afterAll(async () => {
  await server.remove();
  rmSync(folder, { recursive: true });
});

const run = (profile: string, args: readonly string[], input = "") =>
  outcomeOf(startProgram(folder, argsOf(profile, args)), input);

type Failing = "closed" | "full";

/** Runs the program with standard output, standard error or both failing, and `input` on standard input. */
async function runFailing(
  { stdout, stderr }: { stdout?: Failing; stderr?: Failing },
  profile: string,
  args: readonly string[],
  input = "",
) {
  const full = openSync("/dev/full", "w");
  const streamFor = (how: Failing | undefined) => (how === "full" ? full : ("pipe" as const));
  const stdio: StdioOptions = ["pipe", streamFor(stdout), streamFor(stderr)];
  const child = startProgramWith(stdio, folder, argsOf(profile, args));
  closeSync(full);
  if (stdout === "closed") child.stdout!.destroy();
  if (stderr === "closed") child.stderr!.destroy();
  child.stdin!.on("error", () => {});
  child.stdin!.end(input);
  const said = stderr === undefined ? text(child.stderr!) : "";
  const [code] = await once(child, "close");
  return { code, stderr: await said };
}

async function texts(): Promise<string[]> {
  const { stdout } = await run("bob", ["history", "alice", "--json", "--limit", "100"]);
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).text);
}

const failures = [
  { stdout: "closed" },
  { stdout: "full" },
  { stderr: "closed" },
  { stderr: "full" },
] as const;
const everywhere = existsSync("/dev/full");
if (!everywhere) console.warn("skipped: output that fails needs /dev/full");

describe.skipIf(!everywhere)("output that fails", () => {
  describe.each(failures)("%j", (failing) => {
    const isOutput = "stdout" in failing;

    it("does not keep send from sending", async () => {
      const sent = JSON.stringify(failing);
      const outcome = await runFailing(failing, "alice", ["send", "bob", sent]);
      expect(outcome.code).toBe(1);
      if (isOutput)
        expect(outcome.stderr).toMatch(
          /^Sending to bob.\nlacre-chat: done, but standard output cannot be written \(.*\)\n$/,
        );
      expect((await texts()).at(-1)).toBe(sent);
    });

    // With standard error alone failing, chat --json goes on to listen.
    it.each(isOutput ? ["chat bob", "chat bob --json"] : ["chat bob"])(
      "does not keep %s from sending",
      (command) => expectSent(command.split(" ")),
    );

    async function expectSent(args: readonly string[]): Promise<void> {
      const sent = [`${JSON.stringify(failing)} ${args}`, "and more"];
      const outcome = await runFailing(failing, "alice", args, `${sent.join("\n")}\n`);
      expect(outcome.code).toBe(1);
      expect(outcome.stderr).not.toContain("    at ");
      expect((await texts()).slice(-2)).toEqual(sent);
    }
  });

  const reading = ["history bob", "export bob", "listen bob --json", "--help"];
  it.each(reading)("%s ends quietly when the reader has had enough", async (command) => {
    const outcome = await runFailing({ stdout: "closed" }, "alice", command.split(" "));
    expect(outcome).toEqual({ code: 0, stderr: "" });
  });

  it.each(reading)("%s says in one line that the disk is full", async (command) => {
    const outcome = await runFailing({ stdout: "full" }, "alice", command.split(" "));
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(
      /^lacre-chat: .*standard output cannot be written \(ENOSPC.*\)\n$/,
    );
  });

  it("listen shows a message again whose line could not be written", async () => {
    await run("alice", ["send", "bob", "not to be missed"]);
    for (const stdout of ["closed", "full"] as const) {
      await runFailing({ stdout }, "bob", ["listen", "alice"]);
    }
    const chat = ["chat", "alice"];
    await runFailing({ stdout: "full" }, "bob", chat);
    const { stdout } = await run("bob", chat);
    expect(stdout.split("\n").filter((line) => line.includes("first"))).toHaveLength(1);
    expect(stdout).toContain("not to be missed");
  });
});
