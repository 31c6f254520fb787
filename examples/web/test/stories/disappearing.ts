import { notEqual, ok } from "node:assert/strict";
import { encryptMessage } from "lacre/e2e";
import { findChat, openChat } from "lacre-client";
import { describe, expect, it } from "vitest";
import type { PageFixture } from "../fixture.js";
import { FIRST_TEXT, HeadlessUser, openAccount } from "../headless-user.js";
import { PASSPHRASE, type TestUser } from "../test-user.js";

const DAY = 86_400;

export function describeDisappearing(fixture: PageFixture): void {
  const select = ({ page }: TestUser) => page.getByLabel("Messages disappear");
  const expectSetting = (user: TestUser, hours: string) =>
    expect.poll(() => select(user).inputValue()).toBe(hours);
  const header = ({ page }: TestUser) => page.getByText("messages disappear", { exact: true });
  // The list of chats shows the last message too.
  const message = ({ page }: TestUser, text: string) =>
    page.locator(".message .text").getByText(text, { exact: true });
  const firstMessage = (user: TestUser) => message(user, FIRST_TEXT);

  describe("messages that disappear", () => {
    it("are deleted after the user confirms, and a line in the chat reports the change", async () => {
      const grace = await fixture.openUser("grace");
      await grace.signUp();
      const heidi = await HeadlessUser.start(fixture.serverUrl, "heidi", "grace");
      await grace.openChat("heidi");
      await firstMessage(grace).waitFor();
      await fixture.editDatabase(["update messages set stored_at = stored_at - 7200"]);
      await grace.page.reload();
      await heidi.send("new");
      await message(grace, "new").waitFor();

      await grace.button("Settings of this chat").click();
      await select(grace).focus();
      await grace.page.keyboard.press("ArrowDown");
      notEqual(await select(grace).inputValue(), "0");
      await grace.button("Cancel").click();
      await grace.button("Settings of this chat").click();
      // A key saves nothing.
      await expectSetting(grace, "0");

      await select(grace).selectOption("After 1 hour");
      await grace.button("Save").click();
      const question = "1 message older than 1 hour will be deleted for both of you.";
      await grace.page.getByText(question).waitFor();
      ok(await firstMessage(grace).isVisible());
      await grace.button("Delete them and save").click();
      await header(grace).waitFor();
      await firstMessage(grace).waitFor({ state: "detached" });
      const line = grace.page.getByText("grace set messages to disappear after 1 hour");
      await line.waitFor();
      await grace.page.reload();
      await line.waitFor();
      await message(grace, "new").waitFor();
      await expect.poll(() => heidi.events.map(({ type }) => type)).toContain("auto_delete");
      await heidi.close();
    });

    it("stay if the setting could not be saved, and the dialog shows the old setting", async () => {
      const ines = await fixture.openUser("ines");
      await ines.signUp();
      const joan = await HeadlessUser.start(fixture.serverUrl, "joan", "ines");
      await ines.openChat("joan");
      await ines.button("Settings of this chat").click();
      await select(ines).selectOption("After 1 hour");
      await ines.proxy.cut();
      await ines.button("Save").click();
      await ines.page.getByText("Not saved. ").waitFor();
      ok(!(await header(ines).isVisible()));
      await ines.button("Cancel").click();
      await ines.button("Settings of this chat").click();
      await expectSetting(ines, "0");
      await ines.proxy.restore();
      await joan.close();
    });

    it("expire by the server's clock if the sender's is three days slow", async () => {
      const kevin = await fixture.openUser("kevin");
      await kevin.signUp();
      const laura = await HeadlessUser.start(fixture.serverUrl, "laura", "kevin");
      const mona = await HeadlessUser.start(fixture.serverUrl, "mona", "kevin");
      await kevin.openChat("laura");
      await writeWithSlowClock("laura", "kevin", "from three days ago");
      const slow = message(kevin, "from three days ago");
      await slow.waitFor();
      // The chat list sorts by the time at which the server stored the message.
      const names = kevin.page.getByRole("navigation").locator(".chats .name");
      await expect.poll(() => names.allInnerTexts()).toEqual(["laura", "mona"]);
      await kevin.button("Settings of this chat").click();
      // Saves before the page renders the choice.
      await select(kevin).evaluate((field: HTMLSelectElement) => {
        field.value = "24";
        field.dispatchEvent(new Event("change", { bubbles: true }));
        field.form!.requestSubmit();
      });
      await header(kevin).waitFor();
      await kevin.page.getByText("kevin set messages to disappear after 1 day").waitFor();
      // The page removes expired messages when it becomes visible.
      await kevin.page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
      await laura.send("later");
      await message(kevin, "later").waitFor();
      ok(await slow.isVisible());
      await Promise.all([laura.close(), mona.close()]);
    });
  });

  async function writeWithSlowClock(name: string, peer: string, text: string): Promise<void> {
    const account = await openAccount(fixture.serverUrl, name, "login");
    const { chat_id, key } = await openChat(account, (await findChat(account, peer))!, PASSPHRASE);
    const content = { kind: "text", text } as const;
    const timestamp = Date.now() / 1000 - 3 * DAY;
    const message = { chat_id, sender_id: account.user_id, content, timestamp };
    const client_id = crypto.randomUUID();
    await account.api.sendMessage(await encryptMessage(key, { ...message, client_id }));
  }
}
