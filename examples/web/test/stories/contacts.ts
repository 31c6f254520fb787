import { describe, it } from "vitest";
import { PASSPHRASE } from "../person.js";
import type { Stage } from "../stage.js";

export function contacts(stage: Stage): void {
  describe("a user who wants to write", () => {
    it("sends one message, and more after the peer has opened the chat", async () => {
      const abel = await stage.person("abel");
      const berta = await stage.person("berta");
      await Promise.all([abel.signUp(), berta.signUp()]);
      await abel.askForChat("berta");
      await abel.reads("Until then you can send one message");
      await abel.write("one");
      await abel.ticks("Sent");
      await abel.write("two");
      await abel.reads("This person does not take your messages");
      await berta.chatLink("abel").click();
      await berta.reads("abel wants to write to you");
      await berta.unlock(PASSPHRASE);
      await berta.sees("one");
      await berta.button("Decline and block").waitFor({ state: "detached" });
      await abel.write("three");
      await berta.sees("one", "three");
    });

    it("is declined, and may write once they are unblocked", async () => {
      const celia = await stage.person("celia");
      const dario = await stage.person("dario");
      await Promise.all([celia.signUp(), dario.signUp()]);
      await celia.askForChat("dario");
      await dario.chatLink("celia").getByText("Wants to write to you").waitFor();
      await dario.chatLink("celia").click();
      await dario.button("Decline and block").click();
      await dario.reads("You have blocked celia");
      await dario.chatLink("celia").getByText("Blocked").waitFor();
      await celia.write("one");
      await celia.reads("This person does not take your messages");
      await dario.button("Unblock").click();
      await dario.reads("celia wants to write to you");
      await dario.unlock(PASSPHRASE);
      await celia.write("two");
      await dario.sees("two");
      await dario.button("Settings of this chat").click();
      await dario.button("Block celia").click();
      await dario.page.getByRole("dialog").waitFor({ state: "hidden" });
      await dario.reads("You have blocked celia");
    });

    it("comes to the sign-in page by the banner's button where the login is over", async () => {
      const ester = await stage.person("ester");
      const franz = await stage.person("franz");
      await Promise.all([ester.signUp(), franz.signUp()]);
      await ester.askForChat("franz");
      await franz.chatLink("ester").click();
      await franz.context.route(/\/(contact|auth\/refresh)$/, (route) =>
        route.fulfill({
          status: 401,
          json: { error_code: "ERR_NOT_AUTHENTICATED", error_message: "over", timestamp: 1 },
        }),
      );
      await franz.button("Decline and block").click();
      await franz.reads("does not accept this login any more");
      await franz.page.getByLabel("Username", { exact: true }).waitFor();
    });
  });
}
