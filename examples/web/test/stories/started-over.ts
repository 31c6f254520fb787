import { findChat, restartChat } from "lacre-client";
import { describe, expect, it } from "vitest";
import { Companion, deviceOf } from "../companion.js";
import { PASSPHRASE } from "../person.js";
import type { Stage } from "../stage.js";

const MISTYPED = "mistyped words that nobody knows";

/** What a page does when its chat gets another passphrase elsewhere. */
export function startedOver(stage: Stage): void {
  describe("a chat that is started over on another device", () => {
    it("is locked, and what was written without a connection is given back, not sent", async () => {
      const rita = await stage.person("rita");
      await rita.signUp();
      const sven = await deviceOf(stage.serverUrl, "sven", "register");
      await rita.beginChat("sven", MISTYPED);
      await rita.cable.cut();
      await rita.reads("You are offline");
      await rita.write("while away");
      await rita.ticks("Waiting to be sent");
      await rita.composer.fill("a draft");
      const phone = await deviceOf(stage.serverUrl, "rita", "login");
      await restartChat(phone, (await findChat(phone, "sven"))!, PASSPHRASE);

      await rita.cable.mend();
      await rita.reads("This chat was started over with a new passphrase.");
      await rita.page.getByRole("listitem").getByText("while away").waitFor();
      expect(await rita.composer.count()).toBe(0);
      expect(await rita.barriers()).toEqual([]);
      const ulf = await Companion.with(stage.serverUrl, "ulf", "rita");
      const presence = rita.chatLink("ulf").locator(".presence");
      await presence.waitFor();
      await rita.cable.cut();
      // Presence is not known without a connection.
      await presence.waitFor({ state: "detached" });
      expect(await rita.page.locator(".banner:visible").allInnerTexts()).toEqual([
        expect.stringContaining("This chat was started over"),
      ]);
      await rita.button("Dismiss").click();
      await rita.reads("You are offline");
      expect(await rita.page.locator(".banner:visible").count()).toBe(1);
      await rita.cable.mend();
      await rita.page.getByText("You are offline").waitFor({ state: "detached" });
      await rita.unlock(MISTYPED);
      await rita.reads("This is not the passphrase");
      await rita.unlock(PASSPHRASE);
      await rita.sees("while away");
      expect(await rita.composer.inputValue()).toBe("a draft");
      await rita.button("Write it again").click();
      await rita.composer.press("Enter");
      await rita.ticks("Sent");
      const { chat_id } = (await findChat(sven, "rita"))!;
      const { messages } = await sven.api.listMessages(chat_id, { after: 0 });
      expect(messages).toHaveLength(1);
      await ulf.leave();
    });
  });
}
