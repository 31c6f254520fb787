import { deepEqual, notEqual, ok } from "node:assert/strict";
import { encryptMessage } from "lacre/e2e";
import { findChat, openChat } from "lacre-client";
import { describe, it } from "vitest";
import { Companion, deviceOf, GREETING } from "../companion.js";
import { PASSPHRASE, type Person } from "../person.js";
import type { Stage } from "../stage.js";

const DAY = 86_400;

/** When messages disappear, and who is asked. */
export function disappearing(stage: Stage): void {
  const select = ({ page }: Person) => page.getByLabel("Messages disappear");
  const header = ({ page }: Person) => page.getByText("messages disappear", { exact: true });
  // The list of chats shows the last message too.
  const message = ({ page }: Person, text: string) =>
    page.locator(".message .text").getByText(text, { exact: true });
  const greeting = (person: Person) => message(person, GREETING);

  describe("messages disappear", () => {
    it("when a setting is saved, after a question, with a line for both", async () => {
      const grace = await stage.person("grace");
      await grace.signUp();
      const heidi = await Companion.with(stage.serverUrl, "heidi", "grace");
      await grace.openChat("heidi");
      await greeting(grace).waitFor();
      await stage.tamper(["update messages set stored_at = stored_at - 7200"]);
      await grace.page.reload();
      await heidi.write("new");
      await message(grace, "new").waitFor();

      await grace.button("Settings of this chat").click();
      await select(grace).focus();
      await grace.page.keyboard.press("ArrowDown");
      notEqual(await select(grace).inputValue(), "0");
      await grace.button("Cancel").click();
      await grace.button("Settings of this chat").click();
      ok((await select(grace).inputValue()) === "0", "nothing was saved by a key");

      await select(grace).selectOption("After 1 hour");
      await grace.button("Save").click();
      const question = "1 message older than 1 hour will be deleted for both of you.";
      await grace.page.getByText(question).waitFor();
      ok(await greeting(grace).isVisible());
      await grace.button("Delete them and save").click();
      await header(grace).waitFor();
      await greeting(grace).waitFor({ state: "detached" });
      const line = grace.page.getByText("grace set messages to disappear after 1 hour");
      await line.waitFor();
      await grace.page.reload();
      await line.waitFor();
      await message(grace, "new").waitFor();
      ok(heidi.heard.some(({ type }) => type === "auto_delete"));
      await heidi.leave();
    });

    it("not where a setting could not be saved, which then does not look saved", async () => {
      const ines = await stage.person("ines");
      await ines.signUp();
      const joan = await Companion.with(stage.serverUrl, "joan", "ines");
      await ines.openChat("joan");
      await ines.button("Settings of this chat").click();
      await select(ines).selectOption("After 1 hour");
      await ines.cable.cut();
      await ines.button("Save").click();
      await ines.page.getByText("Not saved. ").waitFor();
      ok(!(await header(ines).isVisible()));
      await ines.button("Cancel").click();
      await ines.button("Settings of this chat").click();
      ok((await select(ines).inputValue()) === "0");
      await ines.cable.mend();
      await joan.leave();
    });

    it("by the server's clock, where the sender's is three days slow", async () => {
      const kevin = await stage.person("kevin");
      await kevin.signUp();
      const laura = await Companion.with(stage.serverUrl, "laura", "kevin");
      const mona = await Companion.with(stage.serverUrl, "mona", "kevin");
      await kevin.openChat("laura");
      await writeWithSlowClock("laura", "kevin", "from three days ago");
      const slow = message(kevin, "from three days ago");
      await slow.waitFor();
      // It is the last that came, whatever its sender's clock says.
      const names = kevin.page.getByRole("navigation").locator(".chats .name");
      deepEqual(await names.allInnerTexts(), ["laura", "mona"]);
      await kevin.button("Settings of this chat").click();
      await select(kevin).selectOption("After 1 day");
      await kevin.button("Save").click();
      await header(kevin).waitFor();
      await kevin.page.getByText("kevin set messages to disappear after 1 day").waitFor();
      // The page looks for expired messages when it comes to the front.
      await kevin.page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
      await laura.write("later");
      await message(kevin, "later").waitFor();
      ok(await slow.isVisible());
      await Promise.all([laura.leave(), mona.leave()]);
    });
  });

  async function writeWithSlowClock(name: string, peer: string, text: string): Promise<void> {
    const account = await deviceOf(stage.serverUrl, name, "login");
    const { chat_id, key } = await openChat(account, (await findChat(account, peer))!, PASSPHRASE);
    const content = { kind: "text", text } as const;
    const timestamp = Date.now() / 1000 - 3 * DAY;
    const message = { chat_id, sender_id: account.user_id, content, timestamp };
    const client_id = crypto.randomUUID();
    await account.api.sendMessage(await encryptMessage(key, { ...message, client_id }));
  }
}
