import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listenTo, outcomeOf, startProgram } from "./program.js";
import { ServerProcess } from "./server-process.js";
import { hasTmux, TmuxTerminal } from "./tmux.js";

describe("lacre-chat restart", () => {
  const folder = mkdtempSync(join(tmpdir(), "lacre-restart-test-"));
  const server = new ServerProcess(join(folder, "server.db"));
  const pathOf = (name: string) => join(folder, name);

  const optionsOf = (profile: string) => [
    ...["--profile", profile, "--server", server.url],
    ...["--password-file", pathOf("password")],
  ];
  const withPassphrase = (name: string) => ["--passphrase-file", pathOf(name)];
  const start = (profile: string, passphrase: string, args: string[]) =>
    startProgram(folder, [...optionsOf(profile), ...withPassphrase(passphrase), ...args]);
  const run = (profile: string, passphrase: "old" | "new", ...args: string[]) =>
    outcomeOf(start(profile, passphrase, args));

  beforeAll(async () => {
    await server.start();
    writeFileSync(pathOf("password"), "correct horse\n");
    writeFileSync(pathOf("old"), "battery stable\n");
    writeFileSync(pathOf("new"), "battery staple\n");
    const names = ["alice", "bob", "carol", "dora"];
    await Promise.all(names.map((name) => run(name, "old", "register", name)));
    await run("laptop", "old", "login", "alice");
  });
  afterAll(async () => {
    await server.kill();
    rmSync(folder, { recursive: true });
  });

  it("deletes nothing unasked, and says why it cannot where the other one began the chat", async () => {
    expect((await run("alice", "old", "send", "bob", "lost")).code).toBe(0);
    const unasked = await run("alice", "new", "restart", "bob");
    expect(unasked).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/will be deleted[\s\S]*Nothing was changed: add --yes/),
    });
    const other = await run("bob", "new", "restart", "alice", "--yes");
    expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining("ERR_FORBIDDEN") });
    // Before a passphrase is read, and a key is derived.
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

  it("makes both members open the chat again, and other devices stop using the earlier key", async () => {
    const chatting = start("laptop", "old", ["chat", "bob", "--json"]);
    const chatted = once(chatting, "exit");
    const told = listenTo(chatting);
    await told("online", 1);
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

  it("names what waited to be sent, on the same device and on another", async () => {
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
    expect(restarted.stderr).toMatch(/waited to be sent, and are not:\n {2}of alice\n/);
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
      const env = { XDG_CONFIG_HOME: folder, XDG_STATE_HOME: folder };
      const size = { width: 150, height: 16 };
      const [phone, laptop] = [new TmuxTerminal(size, env), new TmuxTerminal(size, env)];
      try {
        expect((await run("alice", "old", "send", "dora", "lost")).code).toBe(0);
        laptop.run(...optionsOf("laptop"), ...withPassphrase("old"), "chat", "dora");
        await laptop.sees("Enter sends");
        laptop.type("half a sentence");
        await laptop.sees("> half a sentence");

        phone.run(...optionsOf("alice"), "restart", "dora");
        await phone.sees(
          /All messages of your chat with dora will be deleted[\s\S]*Start it over\?/,
        );
        // No is the answer that is offered.
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

        await laptop.sees(
          "Not sent and not kept, because the chat is closed:\n  half a sentence\n",
        );
        await laptop.sees("your chat with dora was started over");
        expect(await laptop.ask("echo $code")).toBe("3\n");
        writeFileSync(pathOf("drawn"), drawn!);
        const opened = await outcomeOf(start("dora", "drawn", ["open", "alice"]));
        expect(opened).toMatchObject({ code: 0 });
      } finally {
        for (const terminal of [phone, laptop]) terminal.close();
      }
    },
  );
});
