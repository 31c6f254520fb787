import { once } from "node:events";
import { beforeAll, describe, expect, it } from "vitest";
import { CliFixture } from "./fixture.js";
import { outcomeOf, readEvents } from "./program.js";
import { ServerProcess } from "./server-process.js";
import { hasTmux } from "./tmux.js";

describe("lacre-chat restart", () => {
  const fixture = new CliFixture(new ServerProcess(), ["alice", "bob", "carol", "dora"]);
  const { server } = fixture;
  fixture.write("old", "battery stable\n");
  fixture.write("new", "battery staple\n");

  const start = (profile: string, passphrase: string, args: string[]) =>
    fixture.start(profile, args, { passphrase });
  const run = (profile: string, passphrase: "old" | "new", ...args: string[]) =>
    fixture.run(profile, args, { passphrase });
  const optionsOf = (profile: string, passphrase: string | null = null) =>
    fixture.optionsOf(profile, { passphrase });

  beforeAll(() => run("laptop", "old", "login", "alice"));

  it("deletes nothing without --yes, and rejects a member who did not create the chat", async () => {
    expect((await run("alice", "old", "send", "bob", "lost")).code).toBe(0);
    const unasked = await run("alice", "new", "restart", "bob");
    expect(unasked).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/will be deleted[\s\S]*Nothing was changed: add --yes/),
    });
    const other = await run("bob", "new", "restart", "alice", "--yes");
    expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining("ERR_FORBIDDEN") });
    // The file does not exist: the error comes before the passphrase is read.
    const early = await outcomeOf(start("bob", "missing", ["restart", "alice", "--yes"]));
    expect(early).toEqual({
      ...{ code: 1, stdout: "" },
      stderr:
        "lacre-chat: alice began this chat, and only alice can start it over (ERR_FORBIDDEN)\n",
    });
    const none = await run("alice", "new", "restart", "carol", "--yes");
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining("no chat with carol") });
    expect((await run("alice", "old", "history", "bob")).stdout).toContain("lost");
  });

  it("requires both members to open the chat again, and other devices to stop using the old key", async () => {
    const chatting = start("laptop", "old", ["chat", "bob", "--json"]);
    const chatted = once(chatting, "exit");
    const events = readEvents(chatting);
    await events("online", 1);
    const listening = start("laptop", "old", ["listen"]);
    const listened = outcomeOf(listening);
    await once(listening.stderr, "data");

    const restarted = await run("alice", "new", "restart", "bob", "--yes");
    expect(restarted).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("Tell bob the new passphrase"),
    });
    expect(await chatted).toEqual([3, null]);
    expect(await listened).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("your chat with bob was started over"),
    });

    expect(await run("laptop", "old", "send", "bob", "unreadable")).toMatchObject({ code: 3 });
    expect((await run("bob", "new", "accept", "alice")).code).toBe(0);
    expect((await run("laptop", "new", "send", "bob", "found")).code).toBe(0);
    const { stdout } = await run("bob", "new", "history", "alice");
    expect(stdout).toMatch(/^\d\d:\d\d alice: found\n$/);
    expect((await run("bob", "new", "send", "alice", "yes")).code).toBe(0);
    const late = await run("alice", "old", "restart", "bob", "--yes");
    expect(late).toMatchObject({ code: 1, stderr: expect.stringContaining("ERR_CHAT_IN_USE") });
  });

  it("prints the queued messages that are not sent, on the same device and on another", async () => {
    for (const profile of ["alice", "laptop"]) await run(profile, "old", "config", "keys", "keep");
    expect((await run("alice", "old", "send", "carol", "lost")).code).toBe(0);
    expect((await run("carol", "old", "accept", "alice")).code).toBe(0);
    expect((await run("laptop", "old", "open", "carol")).code).toBe(0);
    await server.kill();
    for (const profile of ["alice", "laptop"]) {
      const kept = await run(profile, "old", "send", "carol", `of ${profile}`, "--no-wait");
      expect(kept).toMatchObject({ code: 0, stderr: expect.stringContaining("not sent yet: 1") });
    }
    await server.start();
    const restarted = await run("alice", "new", "restart", "carol", "--yes");
    expect(restarted.stderr).toMatch(/were queued, and are not sent:\n {2}of alice\n/);
    const sent = await run("laptop", "new", "send", "carol", "found");
    expect(sent).toMatchObject({
      code: 1,
      stdout: "  ✓ sent (2)\n",
      stderr: expect.stringMatching(/✗ not sent: .*started over.* — of laptop\n/),
    });
    const { stdout } = await run("carol", "new", "history", "alice");
    expect(stdout).toMatch(/^\d\d:\d\d alice: found\n$/);
  });

  it.skipIf(!hasTmux())(
    "asks at a terminal and draws a passphrase; a chat on another device gives back what was typed",
    async () => {
      for (const profile of ["alice", "laptop"]) await run(profile, "old", "config", "keys", "ask");
      const size = { width: 150, height: 16 };
      const [phone, laptop] = [fixture.openTerminal(size), fixture.openTerminal(size)];
      expect((await run("alice", "old", "send", "dora", "lost")).code).toBe(0);
      laptop.run(...optionsOf("laptop", "old"), "chat", "dora");
      await laptop.sees("Enter sends");
      laptop.type("half a sentence");
      await laptop.sees("> half a sentence");

      phone.run(...optionsOf("alice"), "restart", "dora");
      await phone.sees(/All messages of your chat with dora will be deleted[\s\S]*Start it over\?/);
      // The default answer is no.
      phone.press("Enter");
      await phone.sees("cancelled");
      phone.run(...optionsOf("alice"), "restart", "dora");
      await phone.sees("Start it over?");
      phone.type("y");
      await phone.sees("A new passphrase for your chat with dora");
      phone.press("Enter");
      const seen = await phone.sees("Use it?");
      const [, drawn] = /^ {3}((?:[a-z]+ ){4}[a-z]+)$/m.exec(seen)!;
      phone.type("y");
      await phone.sees("The chat with dora is started over");

      await laptop.sees("Not sent and not kept, because the chat is closed:\n  half a sentence\n");
      await laptop.sees("your chat with dora was started over");
      expect(await laptop.ask("echo $code")).toBe("3\n");
      fixture.write("drawn", drawn!);
      const opened = await outcomeOf(start("dora", "drawn", ["open", "alice"]));
      expect(opened).toMatchObject({ code: 0 });
    },
  );
});
