import type { StdioOptions } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync } from "node:fs";
import { text } from "node:stream/consumers";
import { beforeAll, describe, expect, it } from "vitest";
import { TestServer } from "../../server/test/support.js";
import { CliFixture } from "./fixture.js";
import { startProgramWith } from "./program.js";

const fixture = new CliFixture(new TestServer(), ["alice", "bob"]);
const run = (profile: string, args: readonly string[]) => fixture.run(profile, args);
const texts = () => fixture.history("bob", "alice");

beforeAll(async () => {
  expect((await run("alice", ["send", "bob", "first"])).code).toBe(0);
  expect((await run("bob", ["open", "alice"])).code).toBe(0);
});

type Failing = "closed" | "full";

/** Runs the program with a failing standard output, standard error or both, and `input` on standard input. */
async function runFailing(
  { stdout, stderr }: { stdout?: Failing; stderr?: Failing },
  profile: string,
  args: readonly string[],
  input = "",
) {
  const full = openSync("/dev/full", "w");
  const streamFor = (how: Failing | undefined) => (how === "full" ? full : ("pipe" as const));
  const stdio: StdioOptions = ["pipe", streamFor(stdout), streamFor(stderr)];
  const child = startProgramWith(stdio, fixture.folder, [...fixture.optionsOf(profile), ...args]);
  closeSync(full);
  if (stdout === "closed") child.stdout!.destroy();
  if (stderr === "closed") child.stderr!.destroy();
  child.stdin!.on("error", () => {});
  child.stdin!.end(input);
  const printed = stderr === undefined ? text(child.stderr!) : "";
  const [code] = await once(child, "close");
  return { code, stderr: await printed };
}

const failures = [
  { stdout: "closed" },
  { stdout: "full" },
  { stderr: "closed" },
  { stderr: "full" },
] as const;
const hasFullDevice = existsSync("/dev/full");
if (!hasFullDevice) console.warn("skipped: the tests of failing output need /dev/full");

describe.skipIf(!hasFullDevice)("failing output", () => {
  describe.each(failures)("%j", (failing) => {
    const isOutput = "stdout" in failing;

    it("does not prevent send from sending", async () => {
      const sent = JSON.stringify(failing);
      const outcome = await runFailing(failing, "alice", ["send", "bob", sent]);
      expect(outcome.code).toBe(1);
      if (isOutput)
        expect(outcome.stderr).toMatch(
          /^Sending to bob.\nlacre-chat: done, but standard output cannot be written \(.*\)\n$/,
        );
      expect((await texts()).at(-1)).toBe(sent);
    });

    // If only standard error fails, chat --json keeps running.
    it.each(isOutput ? ["chat bob", "chat bob --json"] : ["chat bob"])(
      "does not prevent %s from sending",
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
  it.each(reading)("%s ends without an error when the reader closes the pipe", async (command) => {
    const outcome = await runFailing({ stdout: "closed" }, "alice", command.split(" "));
    expect(outcome).toEqual({ code: 0, stderr: "" });
  });

  it.each(reading)("%s reports a full disk in one line", async (command) => {
    const outcome = await runFailing({ stdout: "full" }, "alice", command.split(" "));
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(
      /^lacre-chat: .*standard output cannot be written \(ENOSPC.*\)\n$/,
    );
  });

  it("listen shows a message again if its line could not be written", async () => {
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
