import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listenTo, programsAt } from "./program.js";
import { ServerProcess } from "./server-process.js";

const folder = mkdtempSync(join(tmpdir(), "lacre-shared-profile-test-"));
const server = new ServerProcess(join(folder, "server.db"));

const { start, run } = programsAt(server, folder);

beforeAll(async () => {
  await server.start();
  await Promise.all(["alice", "bob"].map((name) => run(name, "register", name)));
  expect(await run("alice", "send", "bob", "first")).toMatchObject({ code: 0 });
  for (const [name, peer] of [
    ["bob", "alice"],
    ["alice", "bob"],
  ] as const) {
    expect(await run(name, "chat", peer)).toMatchObject({ code: 0 });
  }
});
afterAll(async () => {
  await server.kill();
  rmSync(folder, { recursive: true });
});

/** Starts a program that prints events, and ends it. */
async function open(profile: string, ...args: string[]) {
  const program = start(profile, ...args, "--json");
  const told = listenTo(program);
  await told("ready", 1);
  const close = async () => {
    program.kill("SIGTERM");
    await once(program, "exit");
  };
  return { told, close, write: (line: string) => program.stdin.write(`${line}\n`) };
}

const textsOf = (events: Record<string, unknown>[]) => events.map(({ text }) => text);

describe("two programs of one profile", () => {
  it("show each message once each, and their peer gets each receipt once", async () => {
    const alice = await open("alice", "chat", "bob");
    const [chat, listen] = [await open("bob", "chat", "alice"), await open("bob", "listen")];
    await Promise.all([alice, chat, listen].map(({ told }) => told("online", 1)));
    alice.write("one");
    alice.write("two");
    await alice.told("sent", 2);
    for (const { told } of [chat, listen]) {
      expect(textsOf(await told("message", 2))).toEqual(["one", "two"]);
    }
    chat.write("of one program");
    await chat.told("sent", 1);
    expect(textsOf(await listen.told("message", 3)).at(-1)).toBe("of one program");
    expect(textsOf(await alice.told("message", 1))).toEqual(["of one program"]);
    for (const event of ["delivered", "read"]) {
      const seqs = (await alice.told(event, 1)).map(({ seq }) => seq);
      expect(seqs).toEqual([...new Set(seqs)]);
    }
    await Promise.all([chat.close(), listen.close()]);
    alice.write("three");
    await alice.told("sent", 3);
    const later = await open("bob", "listen");
    expect(textsOf(await later.told("message", 1))).toEqual(["three"]);
    await Promise.all([later.close(), alice.close()]);
  });

  it("send a message that waited in the profile once", async () => {
    await server.kill();
    const kept = await run("bob", "send", "alice", "waited", "--no-wait");
    expect(kept.stderr).toContain("not sent yet: 1");
    const programs = [await open("bob", "chat", "alice"), await open("bob", "listen", "alice")];
    await server.start();
    for (const { told } of programs) {
      expect(textsOf(await told("sent", 1))).toEqual(["waited"]);
    }
    await Promise.all(programs.map(({ close }) => close()));
    const { stdout } = await run("alice", "history", "bob", "--json");
    expect(stdout.match(/waited/g)).toHaveLength(1);
    expect(await run("bob", "send", "alice", "later")).toMatchObject({
      stderr: "Sending to alice.\n",
    });
  });
});
