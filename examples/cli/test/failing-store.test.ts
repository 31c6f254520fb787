import { once } from "node:events";
import { mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { TestServer } from "../../server/test/support.js";
import { listenTo, outcomeOf, programsAt } from "./program.js";

const server = new TestServer();
const folder = mkdtempSync(join(tmpdir(), "lacre-failing-store-test-"));

const { start, run } = programsAt(server, folder);

/** A folder of what a profile keeps. Nothing can be read or written there while a file takes its place. */
class StateFolder {
  readonly #path: string;

  constructor(profile: string, name: "outbox" | "cursors") {
    const state = join(folder, "lacre", profile);
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
  await server.start();
  await Promise.all(["alice", "bob"].map((name) => run(name, "register", name)));
  expect(await run("alice", "send", "bob", "first")).toMatchObject({ code: 0 });
  expect(await run("bob", "send", "alice", "second")).toMatchObject({ code: 0 });
  await outcomeOf(start("bob", "chat", "alice"));
});
afterAll(async () => {
  await server.remove();
  rmSync(folder, { recursive: true });
});

it("chat says that a text cannot be stored, and sends the next one when the store works again", async () => {
  const outbox = new StateFolder("alice", "outbox");
  const chat = start("alice", "chat", "bob", "--json");
  const told = listenTo(chat);
  await told("online", 1);
  outbox.fail();
  chat.stdin.write("not stored\n");
  expect(await told("error", 1)).toMatchObject([
    {
      ...{ error_code: "ERR_STORE", text: "not stored" },
      error_message: expect.stringMatching(/^not sent: .*outbox.* cannot be written .*make room/),
    },
  ]);
  outbox.work();
  const before = (await told("sent", 0)).length;
  chat.stdin.write("stored\n");
  expect((await told("sent", before + 1)).at(-1)).toMatchObject({ text: "stored" });
  chat.stdin.end();
  chat.kill("SIGTERM");
  expect(await once(chat, "exit")).toEqual([0, null]);
});

it("listen shows messages while it cannot store how far it came, and stores that when it can again", async () => {
  const cursors = new StateFolder("bob", "cursors");
  const listening = start("bob", "listen", "--json");
  const told = listenTo(listening);
  await told("online", 1);
  cursors.fail();
  expect(await run("alice", "send", "bob", "shown once")).toMatchObject({ code: 0 });
  expect((await told("message", 1)).at(-1)).toMatchObject({ text: "shown once" });
  expect(await told("error", 1)).toMatchObject([
    { error_code: "ERR_STORE", error_message: expect.stringContaining("cursors") },
  ]);
  cursors.work();
  await vi.waitUntil(
    () => readdirSync(join(folder, "lacre/bob"), { recursive: true }).join().includes("cursors/"),
    { timeout: 30_000 },
  );
  listening.kill("SIGTERM");
  expect(await once(listening, "exit")).toEqual([0, null]);
  const again = start("bob", "listen", "--json");
  const toldAgain = listenTo(again);
  await toldAgain("online", 1);
  expect(await run("alice", "send", "bob", "new")).toMatchObject({ code: 0 });
  expect(await toldAgain("message", 1)).toMatchObject([{ text: "new" }]);
  again.kill("SIGTERM");
  await once(again, "exit");
});

it("send stops at a line that cannot be stored, and says how many lines before it were sent", async () => {
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
