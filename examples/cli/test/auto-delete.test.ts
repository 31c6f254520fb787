import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "../../server/src/database/open-database.js";
import { TestServer } from "../../server/test/support.js";
import { listenTo, outcomeOf, startProgram } from "./program.js";
import { hasTmux, TmuxTerminal } from "./tmux.js";

describe("lacre-chat auto-delete", () => {
  const server = new TestServer();
  const folder = mkdtempSync(join(tmpdir(), "lacre-auto-delete-test-"));
  const pathOf = (name: string) => join(folder, name);

  const optionsOf = (profile: string) => [
    ...["--profile", profile, "--server", server.url],
    ...["--password-file", pathOf("password"), "--passphrase-file", pathOf("passphrase")],
  ];
  const start = (profile: string, args: string[]) =>
    startProgram(folder, [...optionsOf(profile), ...args]);
  const run = (profile: string, ...args: string[]) => outcomeOf(start(profile, args));

  beforeAll(async () => {
    await server.start();
    writeFileSync(pathOf("password"), "correct horse\n");
    writeFileSync(pathOf("passphrase"), "battery staple\n");
    await Promise.all(["alice", "bob"].map((name) => run(name, "register", name)));
    await run("alice", "send", "bob", "old");
    await run("bob", "open", "alice");
    await age();
    await run("alice", "send", "bob", "young");
  });
  afterAll(async () => {
    await server.remove();
    rmSync(folder, { recursive: true });
  });

  /** Makes the messages that the server has two hours old. */
  async function age(): Promise<void> {
    const database = openDatabase(server.database);
    const old = { stored_at: Date.now() / 1000 - 7200 };
    await database.updateTable("messages").set(old).execute();
    await database.destroy();
  }

  it("says that messages are kept where no member set a time", async () => {
    const { code, stdout } = await run("bob", "auto-delete", "alice");
    expect([code, stdout]).toEqual([0, "messages are kept: no member set a time\n"]);
  });

  it("deletes nothing unasked where there is nobody to ask", async () => {
    const { code, stderr } = await run("bob", "auto-delete", "alice", "1h");
    expect(code).toBe(2);
    expect(stderr).toContain(
      "1 message older than 1 hour will be deleted for both of you. Nothing was changed: add --yes",
    );
    expect((await run("bob", "history", "alice")).stdout).toMatch(/old[\s\S]*young/);
  });

  it("rejects what is no time", async () => {
    for (const time of ["0h", "1", "1m", "87601h", "forever", "-1h"]) {
      const { code, stderr } = await run("bob", "auto-delete", "alice", "--", time);
      expect([time, code]).toEqual([time, 2]);
      expect(stderr).toContain("give never, or hours, days or weeks");
    }
  });

  it("deletes with --yes, and says who set it, to both, live and later", async () => {
    const listening = start("alice", ["listen", "--json"]);
    const told = listenTo(listening);
    await told("message", 2);
    const set = await run("bob", "auto-delete", "alice", "1h", "--yes");
    const line = /^\d\d:\d\d bob set messages to disappear after 1 hour\n$/;
    expect(set).toMatchObject({ code: 0, stdout: expect.stringMatching(line) });
    const [event] = await told("auto_delete", 1);
    expect(event).toMatchObject({ by: "bob", auto_delete_hours: 1, after: 2 });
    listening.kill("SIGTERM");
    const history = await run("alice", "history", "bob");
    expect(history.stdout).not.toContain("old");
    expect(history.stdout).toContain("young");
    expect(history.stdout).toContain("bob set messages to disappear after 1 hour");
    expect((await run("alice", "auto-delete", "bob")).stdout).toMatch(line);
    const off = await run("alice", "auto-delete", "bob", "never");
    expect(off.stdout).toContain("alice turned off disappearing messages");
    expect((await run("bob", "history", "alice")).stdout).not.toContain("old");
  });

  it("shows a change after the messages that were written before it, on the page that ends there", async () => {
    await run("alice", "send", "bob", "later");
    const textsOf = (stdout: string) =>
      stdout
        .trim()
        .split("\n")
        .map((line) => line.replace(/^\d\d:\d\d /, ""));
    const change = "alice turned off disappearing messages";
    const pages = [
      { args: [], lines: ["alice: young", change, "alice: later"] },
      { args: ["--limit", "1"], lines: ["alice: later"] },
      { args: ["--before", "3"], lines: ["alice: young", change] },
      { args: ["--before", "2"], lines: [""] },
    ];
    for (const { args, lines } of pages) {
      const { stdout } = await run("bob", "history", "alice", ...args);
      expect([args, textsOf(stdout)]).toEqual([args, lines]);
    }
    const chat = await run("bob", "chat", "alice");
    expect(textsOf(chat.stdout)).toEqual(["alice: young", change, "alice: later"]);
    expect(textsOf((await run("bob", "chat", "alice")).stdout)).toEqual(textsOf(chat.stdout));
  });

  it.skipIf(!hasTmux())("asks at a terminal, and deletes only if the answer is yes", async () => {
    await run("carol", "register", "carol");
    await run("carol", "send", "bob", "old");
    await age();
    const env = { XDG_CONFIG_HOME: folder, XDG_STATE_HOME: folder };
    const terminal = new TmuxTerminal({ width: 150, height: 16 }, env);
    try {
      const question = "1 message older than 1 hour will be deleted for both of you. Delete them?";
      const set = [...optionsOf("carol"), "auto-delete", "bob", "1h"];
      terminal.run(...set);
      await terminal.sees(question);
      // No is the answer that is offered.
      terminal.press("Enter");
      await terminal.sees("cancelled");
      expect(await terminal.ask("echo $code")).toBe("130\n");
      expect((await run("bob", "history", "carol")).stdout).toContain("old");
      terminal.run(...set);
      await terminal.sees(question);
      terminal.type("y");
      await terminal.sees("carol set messages to disappear after 1 hour");
      expect(await terminal.ask("echo $code")).toBe("0\n");
      expect((await run("bob", "history", "carol")).stdout).not.toContain("old");
    } finally {
      terminal.close();
    }
  });
});
