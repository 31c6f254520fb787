import { describe, expect, it } from "vitest";
import { describeWithVectors, readVectors } from "../../../../test/support/vectors.js";
import type { PageFixture } from "../fixture.js";
import { FIRST_TEXT, HeadlessUser } from "../headless-user.js";

const MARKUP = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  '"><svg onload=alert(1)>',
  "javascript:alert(1)",
  "<style>*{display:none}</style>",
  "&lt;b&gt; &amp; <b>bold</b>",
  "{{constructor.constructor('alert(1)')()}}",
];

export function describeAttacks(fixture: PageFixture): void {
  describe("text that looks like markup", () => {
    it("is shown as text to its sender and to its receiver", async () => {
      const uma = await fixture.openUser("uma");
      await uma.signUp();
      const victor = await HeadlessUser.start(fixture.serverUrl, "victor", "uma");
      await uma.openChat("victor");
      for (const text of MARKUP) await uma.send(text);
      await uma.waitForTicks(...MARKUP.map(() => "Delivered"));
      await victor.send(...MARKUP);
      await uma.waitForMessages(FIRST_TEXT, ...MARKUP, ...MARKUP);
      await victor.close();
    });

    describeWithVectors("the list of naughty strings", () => {
      it("is shown unchanged, to the last character", async () => {
        const naughty = await readVectors<string[]>("naughty-strings/blns.json");
        const wanda = await fixture.openUser("wanda");
        await wanda.signUp();
        const xavier = await HeadlessUser.start(fixture.serverUrl, "xavier", "wanda");
        await wanda.openChat("xavier");
        await wanda.waitForMessages(FIRST_TEXT);
        for (let at = 0; at < naughty.length; at += 100) {
          const some = naughty.slice(at, at + 100);
          await xavier.send(...some);
          await wanda.waitForLastMessages(...some);
        }
        await xavier.close();
      });
    });
  });

  describe("a tampered database", () => {
    it("cannot move a message to another chat", async () => {
      const yara = await fixture.openUser("yara");
      await yara.signUp();
      const zoe = await HeadlessUser.start(fixture.serverUrl, "zoe", "yara");
      const adam = await HeadlessUser.start(fixture.serverUrl, "adam", "yara");
      await Promise.all([zoe.close(), adam.close()]);
      await yara.openChat("adam");
      await yara.waitForMessages(FIRST_TEXT);

      const chatWith = `(SELECT id FROM chats WHERE created_by = (SELECT id FROM users WHERE username = ?))`;
      await fixture.editDatabase(
        [
          `UPDATE messages SET chat_id = ${chatWith}, seq = 2 WHERE chat_id = ${chatWith}`,
          "adam",
          "zoe",
        ],
        [`UPDATE chats SET last_seq = 2 WHERE id = ${chatWith}`, "adam"],
      );
      await yara.waitForText("This message cannot be read: it was not written for this chat");
      expect(await yara.messages()).toEqual([FIRST_TEXT]);
      await yara.page.reload();
      await yara.waitForText("This message cannot be read: it was not written for this chat");
      expect(await yara.messages()).toEqual([FIRST_TEXT]);
    });

    it("stops a chat whose salt was changed", async () => {
      const bea = await fixture.openUser("bea");
      await bea.signUp();
      const carl = await HeadlessUser.start(fixture.serverUrl, "carl", "bea");
      await carl.close();
      await bea.openChat("carl");
      await bea.waitForMessages(FIRST_TEXT);
      await fixture.editDatabase([
        "UPDATE chats SET salt = ? WHERE created_by = (SELECT id FROM users WHERE username = ?)",
        Buffer.alloc(16, 7),
        "carl",
      ]);
      await bea.waitForText("This chat is stopped");
      await bea.waitForText(/the server changed salt of your chat with carl/);
      expect(await bea.messages()).toEqual([]);
      expect(await bea.composer.count()).toBe(0);
      await bea.page.reload();
      await bea.waitForText("This chat is stopped");
    });
  });
}
