import { findChat, restartChat } from "lacre-client";
import { describe, expect, it } from "vitest";
import type { PageFixture } from "../fixture.js";
import { HeadlessUser, openAccount } from "../headless-user.js";
import { PASSPHRASE } from "../test-user.js";

const MISTYPED = "mistyped words that only one member knows";

export function describeStartedOver(fixture: PageFixture): void {
  describe("a chat that was started over on another device", () => {
    it("is locked, and returns unsent texts to the user instead of sending them", async () => {
      const rita = await fixture.openUser("rita");
      await rita.signUp();
      const sven = await openAccount(fixture.serverUrl, "sven", "register");
      await rita.beginChat("sven", MISTYPED);
      await rita.proxy.cut();
      await rita.waitForText("You are offline");
      await rita.send("while away");
      await rita.waitForTicks("Waiting to be sent");
      await rita.composer.fill("a draft");
      const phone = await openAccount(fixture.serverUrl, "rita", "login");
      await restartChat(phone, (await findChat(phone, "sven"))!, PASSPHRASE);

      await rita.proxy.restore();
      await rita.waitForText("This chat was started over with a new passphrase.");
      await rita.page.getByRole("listitem").getByText("while away").waitFor();
      expect(await rita.composer.count()).toBe(0);
      expect(await rita.accessibilityViolations()).toEqual([]);
      const ulf = await HeadlessUser.start(fixture.serverUrl, "ulf", "rita");
      const presence = rita.chatLink("ulf").locator(".presence");
      await presence.waitFor();
      await rita.proxy.cut();
      // Presence is not known without a connection.
      await presence.waitFor({ state: "detached" });
      expect(await rita.page.locator(".banner:visible").allInnerTexts()).toEqual([
        expect.stringContaining("This chat was started over"),
      ]);
      await rita.button("Dismiss").click();
      await rita.waitForText("You are offline");
      expect(await rita.page.locator(".banner:visible").count()).toBe(1);
      await rita.proxy.restore();
      await rita.page.getByText("You are offline").waitFor({ state: "detached" });
      await rita.unlock(MISTYPED);
      await rita.waitForText("This is not the passphrase");
      await rita.unlock(PASSPHRASE);
      await rita.waitForMessages("while away");
      expect(await rita.composer.inputValue()).toBe("a draft");
      await rita.button("Write it again").click();
      await rita.composer.press("Enter");
      await rita.waitForTicks("Sent");
      const { chat_id } = (await findChat(sven, "rita"))!;
      const { messages } = await sven.api.listMessages(chat_id, { after: 0 });
      expect(messages).toHaveLength(1);
      await ulf.close();
    });
  });
}
