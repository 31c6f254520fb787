import { once } from "node:events";
import { readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it, vi } from "vitest";
import { TestServer } from "../../server/test/support.js";
import { CliFixture } from "./fixture.js";
import { outcomeOf, readEvents } from "./program.js";

const fixture = new CliFixture(new TestServer(), ["alice", "bob"]);
const start = (profile: string, ...args: string[]) => fixture.start(profile, args);
const run = (profile: string, ...args: string[]) => fixture.run(profile, args);

/** A folder with the state of a profile. `fail` replaces it with a file, so that nothing can be read or written in it. */
class StateFolder {
  readonly #path: string;

  constructor(profile: string, name: "outbox" | "cursors") {
    const state = fixture.pathOf(`lacre/${profile}`);
    const [account] = readdirSync(state).filter((one) => one.includes("@"));
    this.#path = join(state, account!, name);
  }

  fail(): void {
    renameSync(this.#path, `${this.#path}.away`);
    writeFileSync(this.#path, "");
  }

  work(): void {
    rmSync(this.#path);
    renameSync(`${this.#path}.away`, this.#path);
  }
}

beforeAll(async () => {
  expect(await run("alice", "send", "bob", "first")).toMatchObject({ code: 0 });
  expect(await run("bob", "send", "alice", "second")).toMatchObject({ code: 0 });
  await outcomeOf(start("bob", "chat", "alice"));
});

it("chat reports a text that cannot be stored, and sends the next one when the store works again", async () => {
  const outbox = new StateFolder("alice", "outbox");
  const chat = start("alice", "chat", "bob", "--json");
  const events = readEvents(chat);
  await events("online", 1);
  outbox.fail();
  chat.stdin.write("not stored\n");
  expect(await events("error", 1)).toMatchObject([
    {
      ...{ error_code: "ERR_STORE", text: "not stored" },
      error_message: expect.stringMatching(/^not sent: .*outbox.* cannot be written .*make room/),
    },
  ]);
  outbox.work();
  const before = (await events("sent", 0)).length;
  chat.stdin.write("stored\n");
  expect((await events("sent", before + 1)).at(-1)).toMatchObject({ text: "stored" });
  chat.stdin.end();
  chat.kill("SIGTERM");
  expect(await once(chat, "exit")).toEqual([0, null]);
});

it("listen shows messages while it cannot store its cursor, and stores it when the store works again", async () => {
  const cursors = new StateFolder("bob", "cursors");
  const listening = start("bob", "listen", "--json");
  const events = readEvents(listening);
  await events("online", 1);
  cursors.fail();
  expect(await run("alice", "send", "bob", "shown once")).toMatchObject({ code: 0 });
  expect((await events("message", 1)).at(-1)).toMatchObject({ text: "shown once" });
  expect(await events("error", 1)).toMatchObject([
    { error_code: "ERR_STORE", error_message: expect.stringContaining("cursors") },
  ]);
  cursors.work();
  await vi.waitUntil(
    () => readdirSync(fixture.pathOf("lacre/bob"), { recursive: true }).join().includes("cursors/"),
    { timeout: 30_000 },
  );
  listening.kill("SIGTERM");
  expect(await once(listening, "exit")).toEqual([0, null]);
  const again = start("bob", "listen", "--json");
  const eventsAgain = readEvents(again);
  await eventsAgain("online", 1);
  expect(await run("alice", "send", "bob", "new")).toMatchObject({ code: 0 });
  expect(await eventsAgain("message", 1)).toMatchObject([{ text: "new" }]);
  again.kill("SIGTERM");
  await once(again, "exit");
});

it("send stops at a line that cannot be stored, and reports how many lines before it were sent", async () => {
  const outbox = new StateFolder("alice", "outbox");
  const sending = start("alice", "send", "bob", "--lines");
  sending.stdin.write("one\n");
  await once(sending.stdout, "data");
  outbox.fail();
  sending.stdin.write("two\nthree\n");
  expect(await outcomeOf(sending)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/outbox.* cannot be written .*Sent before it: 1 messages\n$/),
  });
  outbox.work();
  expect(await run("alice", "send", "bob", "four")).toMatchObject({ code: 0 });
  const { stdout } = await run("bob", "history", "alice", "--limit", "2");
  expect(stdout).toMatch(/alice: one\n.*alice: four\n$/);
});
