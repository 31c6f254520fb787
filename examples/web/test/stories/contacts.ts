import { describe, it } from "vitest";
import type { PageFixture } from "../fixture.js";
import { PASSPHRASE } from "../test-user.js";

export function describeContacts(fixture: PageFixture): void {
  describe("a chat request", () => {
    it("allows one message until the peer opens the chat", async () => {
      const abel = await fixture.openUser("abel");
      const berta = await fixture.openUser("berta");
      await Promise.all([abel.signUp(), berta.signUp()]);
      await abel.requestChat("berta");
      await abel.waitForText("Until then you can send one message");
      await abel.send("one");
      await abel.waitForTicks("Sent");
      await abel.send("two");
      await abel.waitForText("This person does not take your messages");
      await berta.chatLink("abel").click();
      await berta.waitForText("abel wants to write to you");
      await berta.unlock(PASSPHRASE);
      await berta.waitForMessages("one");
      await berta.button("Decline and block").waitFor({ state: "detached" });
      await abel.send("three");
      await berta.waitForMessages("one", "three");
    });

    it("is rejected when the peer declines, and allowed again when the peer unblocks the user", async () => {
      const celia = await fixture.openUser("celia");
      const dario = await fixture.openUser("dario");
      await Promise.all([celia.signUp(), dario.signUp()]);
      await celia.requestChat("dario");
      await dario.chatLink("celia").getByText("Wants to write to you").waitFor();
      await dario.chatLink("celia").click();
      await dario.button("Decline and block").click();
      await dario.waitForText("You have blocked celia");
      await dario.chatLink("celia").getByText("Blocked").waitFor();
      await celia.send("one");
      await celia.waitForText("This person does not take your messages");
      await dario.button("Unblock").click();
      await dario.waitForText("celia wants to write to you");
      await dario.unlock(PASSPHRASE);
      await celia.send("two");
      await dario.waitForMessages("two");
      await dario.button("Settings of this chat").click();
      await dario.button("Block celia").click();
      await dario.page.getByRole("dialog").waitFor({ state: "hidden" });
      await dario.waitForText("You have blocked celia");
    });

    it("shows the sign-in page if it is declined with a login that is no longer valid", async () => {
      const ester = await fixture.openUser("ester");
      const franz = await fixture.openUser("franz");
      await Promise.all([ester.signUp(), franz.signUp()]);
      await ester.requestChat("franz");
      await franz.chatLink("ester").click();
      await franz.context.route(/\/(contact|auth\/refresh)$/, (route) =>
        route.fulfill({
          status: 401,
          json: { error_code: "ERR_NOT_AUTHENTICATED", error_message: "over", timestamp: 1 },
        }),
      );
      await franz.button("Decline and block").click();
      await franz.waitForText("does not accept this login any more");
      await franz.page.getByLabel("Username", { exact: true }).waitFor();
    });
  });
}
