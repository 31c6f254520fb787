import { once } from "node:events";
import { beforeAll, describe, expect, it } from "vitest";
import { CliFixture } from "./fixture.js";
import { readEvents, textsOf } from "./program.js";
import { ServerProcess } from "./server-process.js";

const fixture = new CliFixture(new ServerProcess(), ["alice", "bob"]);
const { server } = fixture;
const run = (profile: string, ...args: string[]) => fixture.run(profile, args);

beforeAll(async () => {
  expect(await run("alice", "send", "bob", "first")).toMatchObject({ code: 0 });
  for (const [name, peer] of [
    ["bob", "alice"],
    ["alice", "bob"],
  ] as const) {
    expect(await run(name, "chat", peer)).toMatchObject({ code: 0 });
  }
});
/** Starts a command with --json, and waits until it is ready. */
async function open(profile: string, ...args: string[]) {
  const program = fixture.start(profile, [...args, "--json"]);
  const events = readEvents(program);
  await events("ready", 1);
  const close = async () => {
    program.kill("SIGTERM");
    await once(program, "exit");
  };
  return { events, close, write: (line: string) => program.stdin.write(`${line}\n`) };
}

describe("two programs of one profile", () => {
  it("both show each message once, and their peer receives each receipt once", async () => {
    const alice = await open("alice", "chat", "bob");
    const [chat, listen] = [await open("bob", "chat", "alice"), await open("bob", "listen")];
    await Promise.all([alice, chat, listen].map(({ events }) => events("online", 1)));
    alice.write("one");
    alice.write("two");
    await alice.events("sent", 2);
    for (const { events } of [chat, listen]) {
      expect(textsOf(await events("message", 2))).toEqual(["one", "two"]);
    }
    chat.write("of one program");
    await chat.events("sent", 1);
    expect(textsOf(await listen.events("message", 3)).at(-1)).toBe("of one program");
    expect(textsOf(await alice.events("message", 1))).toEqual(["of one program"]);
    for (const event of ["delivered", "read"]) {
      const seqs = (await alice.events(event, 1)).map(({ seq }) => seq);
      expect(seqs).toEqual([...new Set(seqs)]);
    }
    await Promise.all([chat.close(), listen.close()]);
    alice.write("three");
    await alice.events("sent", 3);
    const later = await open("bob", "listen");
    expect(textsOf(await later.events("message", 1))).toEqual(["three"]);
    await Promise.all([later.close(), alice.close()]);
  });

  it("send a message that was queued in the profile once", async () => {
    await server.kill();
    const kept = await run("bob", "send", "alice", "waited", "--no-wait");
    expect(kept.stderr).toContain("not sent yet: 1");
    const programs = [await open("bob", "chat", "alice"), await open("bob", "listen", "alice")];
    await server.start();
    for (const { events } of programs) {
      expect(textsOf(await events("sent", 1))).toEqual(["waited"]);
    }
    await Promise.all(programs.map(({ close }) => close()));
    const { stdout } = await run("alice", "history", "bob", "--json");
    expect(stdout.match(/waited/g)).toHaveLength(1);
    expect(await run("bob", "send", "alice", "later")).toMatchObject({
      stderr: "Sending to alice.\n",
    });
  });
});
