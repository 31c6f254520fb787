import { once } from "node:events";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { isShortened } from "../../../test/support/runs.js";
import { until } from "../../server/harness/until.js";
import { CliFixture } from "./fixture.js";
import { type JsonRecord, readEvents, recordsOf } from "./program.js";
import { ServerProcess } from "./server-process.js";

const USERS = ["alice", "bob", "carol", "dave", "erin"];
const fixture = new CliFixture(new ServerProcess(), USERS);
const { server } = fixture;
const keyPath = (profile: string) => fixture.pathOf(`${profile}.key`);
const run = (profile: string, ...args: string[]) => fixture.run(profile, args);

/** Runs a command that must succeed. Returns its output. */
async function succeed(profile: string, ...args: string[]): Promise<string> {
  const outcome = await run(profile, ...args);
  expect(outcome, `${args.join(" ")}: ${outcome.stderr}`).toMatchObject({ code: 0 });
  return outcome.stdout;
}

/** Returns the records of a group's last messages, as a profile reads them. */
async function recordsIn(profile: string, group: string): Promise<JsonRecord[]> {
  return recordsOf(await succeed(profile, "history", "--group", group, "--json", "--limit", "100"));
}

async function textsIn(profile: string, group: string): Promise<unknown[]> {
  const records = await recordsIn(profile, group);
  return records.flatMap(({ event, text }) => (event === "message" && text ? [text] : []));
}

const devicesOf = async (profile: string) =>
  recordsOf(await succeed(profile, "devices", "--json")) as { device: string; is_this: boolean }[];

const ownDevice = async (profile: string) =>
  (await devicesOf(profile)).find(({ is_this }) => is_this)!.device;

/** Logs in on another device, which the first profile adds. */
async function link(first: string, second: string): Promise<void> {
  await succeed(second, "login", first);
  const linking = fixture.start(second, ["link"]);
  const ended = once(linking, "exit");
  const [text] = await once(createInterface(linking.stdout), "line");
  await succeed(first, "devices", "--add", text, "--yes");
  expect(await ended).toEqual([0, null]);
}

beforeAll(async () => {
  for (const name of USERS) await succeed(name, "devices", "--recovery-key-out", keyPath(name));
  await link("alice", "alice2");
  await link("bob", "bob2");
});

describe("the first device of an account", () => {
  it("writes the recovery key to a new file that only its owner can read", async () => {
    expect(readFileSync(keyPath("alice"), "utf8")).toMatch(/^(\w{4}-){13}\w{4}\n$/);
    expect(statSync(keyPath("alice")).mode & 0o777).toBe(0o600);
    await succeed("frank", "register", "frank");
    const outcome = await run("frank", "devices", "--recovery-key-out", keyPath("alice"));
    expect(outcome).toMatchObject({ code: 2, stderr: expect.stringContaining("name a new file") });
    const silent = await run("frank", "devices");
    expect(silent).toMatchObject({ code: 2, stderr: expect.stringContaining("recovery key") });
  });

  it("is not made where the account has devices", async () => {
    await succeed("carol2", "login", "carol");
    const outcome = await run("carol2", "devices");
    expect(outcome).toMatchObject({ code: 1, stderr: expect.stringMatching(/link.*recover/s) });
  });
});

describe("a group of two users with two devices each", () => {
  it("has its name and its messages on all devices", async () => {
    await fixture.run("alice", ["chat", "--group", "Two", "bob"], { input: "hola\n" });
    await succeed("bob", "send", "--group", "Two", "¿qué tal?");
    expect(await textsIn("alice2", "Two")).toEqual(["hola", "¿qué tal?"]);
    await succeed("bob2", "send", "--group", "Two", "three");
    await fixture.run("alice2", ["send", "--group", "Two", "--lines"], { input: "four\n\nfive\n" });
    const all = ["hola", "¿qué tal?", "three", "four", "five"];
    for (const profile of ["alice", "alice2", "bob", "bob2"])
      expect(await textsIn(profile, "Two"), profile).toEqual(all);
    const [group] = recordsOf(await succeed("bob", "chats", "--json"));
    expect(group).toMatchObject({ group: "Two", members: ["alice", "bob"], is_known: true });
    expect(await textsIn("bob", `#${group!.chat_id}`)).toEqual(all);
  });

  it.skipIf(isShortened)(
    "shows each message once with listen, also after history was read",
    async () => {
      const listen = async () => {
        const program = fixture.start("bob", ["listen", "--group", "Two", "--json"]);
        const events = readEvents(program);
        await events("ready", 1);
        const close = async () => {
          program.kill("SIGTERM");
          await once(program, "exit");
        };
        return { events, close };
      };
      const first = await listen();
      const before = (await first.events("message", 5)).length;
      await succeed("alice", "send", "--group", "Two", "six");
      await first.events("message", before + 1);
      await first.close();
      await succeed("alice", "send", "--group", "Two", "seven");
      await textsIn("bob", "Two");
      const second = await listen();
      expect((await second.events("message", 1)).map(({ text }) => text)).toEqual(["seven"]);
      await second.close();
    },
  );

  it("makes a second program wait, and then end with an error", async () => {
    const program = fixture.start("bob", ["listen", "--group", "Two", "--json"]);
    await readEvents(program)("online", 1);
    const outcome = await run("bob", "send", "--group", "Two", "x");
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(/waiting for it.*end its chat or listen/s);
    program.kill("SIGTERM");
    await once(program, "exit");
  });

  it("is not opened with a passphrase", async () => {
    expect(await run("alice", "chat", "Two")).toMatchObject({
      ...{ code: 1, stderr: expect.stringContaining("use it with --group") },
    });
    expect(await run("alice", "send", "Two", "x")).toMatchObject({ code: 1 });
  });

  it("verifies a user with the same digits on both sides", async () => {
    const digits = await succeed("alice", "verify", "bob", "--yes");
    expect(digits).toMatch(/^((\d{5} ){3}\d{5}\n){3}$/);
    expect(await succeed("bob2", "verify", "alice")).toBe(digits);
    expect(await succeed("alice", "group", "members", "Two")).toMatch(/bob\t2 devices\tverified/);
  });
});

describe("a program that is killed", () => {
  it("sends a text that it stored once, when it runs again", async () => {
    await server.kill();
    const program = fixture.start("alice", ["send", "--group", "Two", "stored"]);
    const files = () => readdirSync(fixture.pathOf("lacre/alice"), { recursive: true });
    const isStored = () => files().some((path) => /values.own_[0-9a-f-]{36}$/.test(String(path)));
    expect(await until(isStored, 60)).toBe(true);
    program.kill("SIGKILL");
    await once(program, "exit");
    await server.start();
    await succeed("alice", "send", "--group", "Two", "after");
    const texts = await textsIn("bob", "Two");
    expect(texts.slice(-2)).toEqual(["stored", "after"]);
  });

  it.skipIf(isShortened)("sends no text twice, whenever it is killed", async () => {
    const sent: string[] = [];
    for (let delay = 250; delay <= 700; delay += 75) {
      const text = `killed after ${delay}`;
      const program = fixture.start("alice", ["send", "--group", "Two", text]);
      await Promise.race([sleep(delay), once(program, "exit")]);
      program.kill("SIGKILL");
      await once(program, "close");
      if (program.exitCode === 0) sent.push(text);
    }
    await succeed("alice", "send", "--group", "Two", "last");
    const texts = (await textsIn("bob", "Two")).filter((text) => /^killed/.test(String(text)));
    expect(new Set(texts).size).toBe(texts.length);
    expect(texts).toEqual(expect.arrayContaining(sent));
    expect(await textsIn("alice", "Two")).toEqual(await textsIn("bob", "Two"));
  });
});

describe.skipIf(isShortened)("a group of five", () => {
  it("has what each member wrote, and lines for who comes and leaves", async () => {
    const [, ...others] = USERS;
    await fixture.run("alice", ["chat", "--group", "Five", ...others.slice(0, 3)]);
    await succeed("alice", "group", "add", "Five", "erin");
    for (const name of USERS) await succeed(name, "send", "--group", "Five", `I am ${name}`);
    const texts = USERS.map((name) => `I am ${name}`);
    for (const name of USERS) expect(await textsIn(name, "Five"), name).toEqual(texts);

    const listening = fixture.start("bob", ["listen", "--group", "Five", "--json"]);
    await readEvents(listening)("online", 1);
    expect((await run("erin", "group", "leave", "Five")).stderr).toMatch(
      /You (have left|leave) the group Five/,
    );
    await succeed("alice", "group", "remove", "Five", "dave");
    listening.kill("SIGTERM");
    await once(listening, "exit");
    await succeed("carol", "send", "--group", "Five", "three of us");
    expect(await textsIn("bob", "Five")).toEqual([...texts, "three of us"]);
    expect(await textsIn("dave", "Five")).toEqual(texts);
    expect(await run("dave", "send", "--group", "Five", "late")).toMatchObject({
      ...{ code: 1, stderr: expect.stringMatching(/not kept: late.*no longer in the group/s) },
    });
    const lines = await succeed("bob", "history", "--group", "Five");
    expect(lines).toMatch(/alice added erin/);
    expect(lines).toMatch(/erin leaves the group/);
    expect(lines).toMatch(/dave is no longer in the group/);
  });
});

describe("a device that was removed", () => {
  it("reads no more", async () => {
    const device = await ownDevice("bob2");
    await succeed("bob", "devices", "--remove", device, "--yes");
    await succeed("alice", "send", "--group", "Two", "not for bob2");
    expect((await textsIn("bob", "Two")).at(-1)).toBe("not for bob2");
    const outcome = await run("bob2", "history", "--group", "Two");
    expect(outcome.code).not.toBe(0);
    expect(outcome.stdout).not.toContain("not for bob2");
    await succeed("bob2", "login", "bob");
    const again = await run("bob2", "history", "--group", "Two");
    expect(again.stdout).not.toContain("not for bob2");
  });
});

describe("the backup of groups", () => {
  it("gives a recovered device what another one had read, and is deleted when it is turned off", async () => {
    await fixture.run("erin", ["chat", "--group", "Kept", "dave"], { input: "one\n" });
    await succeed("dave", "send", "--group", "Kept", "two");
    expect(await succeed("erin", "backup")).toContain("off");
    const key = ["--recovery-key-file", keyPath("erin")];
    expect(
      await run("erin", "backup", "--on", "--recovery-key-file", keyPath("dave")),
    ).toMatchObject({
      ...{ code: 1, stderr: expect.stringContaining("not the recovery key of the account") },
    });
    await succeed("erin", "backup", "--on", ...key);
    // What is read later is written, too.
    expect(await textsIn("erin", "Kept")).toEqual(["one", "two"]);
    await succeed("erin2", "login", "erin");
    const { stderr } = await run("erin2", "recover", ...key);
    expect(stderr).toMatch(/Restored messages: [1-9]/);
    expect(await textsIn("erin2", "Kept")).toEqual(["one", "two"]);
    expect(await succeed("erin2", "backup")).toContain("on");
    await succeed("erin2", "backup", "--off", "--yes");
    expect(await succeed("erin", "backup")).toContain("off");
    expect(await run("erin", "backup", "--restore", ...key)).toMatchObject({
      ...{ code: 0, stderr: expect.stringContaining("no backup of this recovery key") },
    });
  });
});

describe("an account whose devices are lost", () => {
  it.skipIf(isShortened)(
    "is recovered with the recovery key, and reads what is written then",
    async () => {
      const lost = await ownDevice("carol");
      await succeed("carol3", "login", "carol");
      const args = ["recover", "--recovery-key-file", keyPath("carol"), "--remove", lost];
      expect(await succeed("carol3", ...args)).toContain(lost);
      await succeed("alice", "send", "--group", "Five", "welcome back");
      expect((await textsIn("carol3", "Five")).at(-1)).toBe("welcome back");
      await succeed("carol3", "send", "--group", "Five", "thanks");
      expect((await textsIn("bob", "Five")).at(-1)).toBe("thanks");
      expect((await devicesOf("carol3")).map(({ device }) => device)).not.toContain(lost);
    },
  );
});

describe("an account whose devices and recovery key are lost", () => {
  it("is reset with the password, and its groups go on with each member who accepts that", async () => {
    await succeed("bob3", "login", "bob");
    fixture.write("guess", "not the password\n");
    const reset = (password: string, key: string) =>
      fixture.run("bob3", ["devices", "--reset", "--yes", "--recovery-key-out", keyPath(key)], {
        password,
      });
    expect(await reset("guess", "void")).toMatchObject({
      ...{ code: 1, stderr: expect.stringContaining("wrong password") },
    });
    expect(await reset("password", "bob3")).toMatchObject({ code: 0 });
    const early = await run("alice", "send", "--group", "Two", "too early");
    expect(early.code).not.toBe(0);
    expect(early.stderr).toMatch(/not sent: .*verify bob --accept/);
    expect(await run("alice", "verify", "bob", "--yes")).toMatchObject({ code: 1 });
    const digits = await succeed("alice", "verify", "bob", "--accept", "--yes");
    expect(await succeed("bob3", "verify", "alice")).toBe(digits);
    await succeed("alice", "send", "--group", "Two", "welcome back");
    expect((await textsIn("bob3", "Two")).at(-1)).toBe("welcome back");
    expect(await run("bob", "send", "--group", "Two", "x")).toMatchObject({
      ...{ code: 4, stderr: expect.stringContaining("log in again") },
    });
  });
});
