import { beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "../../server/src/database/open-database.js";
import { TestServer } from "../../server/test/support.js";
import { CliFixture } from "./fixture.js";
import { readEvents } from "./program.js";
import { hasTmux } from "./tmux.js";

describe("lacre-chat auto-delete", () => {
  const fixture = new CliFixture(new TestServer(), ["alice", "bob"]);
  const run = (profile: string, ...args: string[]) => fixture.run(profile, args);

  beforeAll(async () => {
    await run("alice", "send", "bob", "old");
    await run("bob", "open", "alice");
    await age();
    await run("alice", "send", "bob", "young");
  });

  /** Makes all messages on the server two hours old. */
  async function age(): Promise<void> {
    const database = openDatabase(fixture.server.database);
    const old = { stored_at: Date.now() / 1000 - 7200 };
    await database.updateTable("messages").set(old).execute();
    await database.destroy();
  }

  it("says that messages are kept if no member has set a time", async () => {
    const { code, stdout } = await run("bob", "auto-delete", "alice");
    expect([code, stdout]).toEqual([0, "messages are kept: no member set a time\n"]);
  });

  it("deletes nothing without confirmation if there is no terminal", async () => {
    const { code, stderr } = await run("bob", "auto-delete", "alice", "1h");
    expect(code).toBe(2);
    expect(stderr).toContain(
      "1 message older than 1 hour will be deleted for both of you. Nothing was changed: add --yes",
    );
    expect((await run("bob", "history", "alice")).stdout).toMatch(/old[\s\S]*young/);
  });

  it("rejects an invalid time", async () => {
    for (const time of ["0h", "1", "1m", "87601h", "forever", "-1h"]) {
      const { code, stderr } = await run("bob", "auto-delete", "alice", "--", time);
      expect([time, code]).toEqual([time, 2]);
      expect(stderr).toContain("give never, or hours, days or weeks");
    }
  });

  it("deletes with --yes, and shows both members who set it, now and later", async () => {
    const listening = fixture.start("alice", ["listen", "--json"]);
    const events = readEvents(listening);
    await events("message", 2);
    const set = await run("bob", "auto-delete", "alice", "1h", "--yes");
    const line = /^\d\d:\d\d bob set messages to disappear after 1 hour\n$/;
    expect(set).toMatchObject({ code: 0, stdout: expect.stringMatching(line) });
    const [event] = await events("auto_delete", 1);
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

  it("shows a change of the setting between the messages before and after it", async () => {
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

  it.skipIf(!hasTmux())(
    "asks for confirmation in a terminal, and deletes only after yes",
    async () => {
      await run("carol", "register", "carol");
      await run("carol", "send", "bob", "old");
      await age();
      const terminal = fixture.openTerminal({ width: 150, height: 16 });
      const question = "1 message older than 1 hour will be deleted for both of you. Delete them?";
      const set = [...fixture.optionsOf("carol"), "auto-delete", "bob", "1h"];
      terminal.run(...set);
      await terminal.sees(question);
      // The default answer is no.
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
    },
  );
});
