import { describe, expect, it } from "vitest";
import { describeWithVectors, readVectors } from "../../../../test/support/vectors.js";
import { Companion, GREETING } from "../companion.js";
import type { Stage } from "../stage.js";

const MARKUP = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  '"><svg onload=alert(1)>',
  "javascript:alert(1)",
  "<style>*{display:none}</style>",
  "&lt;b&gt; &amp; <b>bold</b>",
  "{{constructor.constructor('alert(1)')()}}",
];

export function hostile(stage: Stage): void {
  describe("what people write", () => {
    it("is text, whatever it looks like, for whoever writes and whoever reads", async () => {
      const uma = await stage.person("uma");
      await uma.signUp();
      const victor = await Companion.with(stage.serverUrl, "victor", "uma");
      await uma.openChat("victor");
      for (const text of MARKUP) await uma.write(text);
      await uma.ticks(...MARKUP.map(() => "Delivered"));
      await victor.write(...MARKUP);
      await uma.sees(GREETING, ...MARKUP, ...MARKUP);
      await victor.leave();
    });

    describeWithVectors("in the list of naughty strings", () => {
      it("is text, to the last character", async () => {
        const naughty = await readVectors<string[]>("naughty-strings/blns.json");
        const wanda = await stage.person("wanda");
        await wanda.signUp();
        const xavier = await Companion.with(stage.serverUrl, "xavier", "wanda");
        await wanda.openChat("xavier");
        await wanda.sees(GREETING);
        for (let at = 0; at < naughty.length; at += 100) {
          const some = naughty.slice(at, at + 100);
          await xavier.write(...some);
          await wanda.seesLast(...some);
        }
        await xavier.leave();
      });
    });
  });

  describe("somebody with a hand in the database", () => {
    it("cannot move a message from one chat to another", async () => {
      const yara = await stage.person("yara");
      await yara.signUp();
      const zoe = await Companion.with(stage.serverUrl, "zoe", "yara");
      const adam = await Companion.with(stage.serverUrl, "adam", "yara");
      await Promise.all([zoe.leave(), adam.leave()]);
      await yara.openChat("adam");
      await yara.sees(GREETING);

      const chatWith = `(SELECT id FROM chats WHERE created_by = (SELECT id FROM users WHERE username = ?))`;
      await stage.tamper(
        [
          `UPDATE messages SET chat_id = ${chatWith}, seq = 2 WHERE chat_id = ${chatWith}`,
          "adam",
          "zoe",
        ],
        [`UPDATE chats SET last_seq = 2 WHERE id = ${chatWith}`, "adam"],
      );
      await yara.reads("This message cannot be read: it was not written for this chat");
      expect(await yara.texts()).toEqual([GREETING]);
      await yara.page.reload();
      await yara.reads("This message cannot be read: it was not written for this chat");
      expect(await yara.texts()).toEqual([GREETING]);
    });

    it("has a chat stopped whose key would be made from something else", async () => {
      const bea = await stage.person("bea");
      await bea.signUp();
      const carl = await Companion.with(stage.serverUrl, "carl", "bea");
      await carl.leave();
      await bea.openChat("carl");
      await bea.sees(GREETING);
      await stage.tamper([
        "UPDATE chats SET salt = ? WHERE created_by = (SELECT id FROM users WHERE username = ?)",
        Buffer.alloc(16, 7),
        "carl",
      ]);
      await bea.reads("This chat is stopped");
      await bea.reads(/the server changed salt of your chat with carl/);
      expect(await bea.texts()).toEqual([]);
      expect(await bea.composer.count()).toBe(0);
      await bea.page.reload();
      await bea.reads("This chat is stopped");
    });
  });
}
