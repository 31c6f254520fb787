import { describe, expect, it } from "vitest";
import type { PageFixture } from "../fixture.js";
import { FIRST_TEXT, HeadlessUser } from "../headless-user.js";
import { PASSPHRASE } from "../test-user.js";

export function describeChatting(fixture: PageFixture): void {
  describe("two users with a page each", () => {
    it("find each other, use the same passphrase, and exchange messages", async () => {
      const alice = await fixture.openUser("alice");
      const bob = await fixture.openUser("bob", { viewport: { width: 360, height: 640 } });
      await Promise.all([alice.signUp(), bob.signUp()]);
      await alice.beginChat("bob");
      await alice.page.locator(".pane-head").getByText("online").waitFor();
      await alice.send("hola bob");
      await alice.send("¿Vienes?\nA las ocho.");
      await alice.waitForTicks("Delivered", "Delivered");

      await bob.waitForText("2 unread");
      await bob.chatLink("alice").click();
      await bob.unlock("another one");
      await bob.waitForText("This is not the passphrase of your chat with alice");
      expect(await bob.messages()).toEqual([]);
      await bob.unlock(PASSPHRASE);
      await bob.waitForMessages("hola bob", "¿Vienes?\nA las ocho.");
      await bob.waitForText("Today");
      await alice.waitForTicks("Read", "Read");

      await bob.composer.pressSequentially("Sí");
      await alice.waitForText("typing…");
      await bob.composer.press("Enter");
      await alice.waitForMessages("hola bob", "¿Vienes?\nA las ocho.", "Sí");
      await bob.waitForTicks("Read");

      await alice.page.reload();
      await alice.waitForMessages("hola bob", "¿Vienes?\nA las ocho.", "Sí");
      await alice.waitForText("online");
      await bob.close();
      await alice.page.locator(".pane-head").getByText("offline").waitFor();
    });

    it("see the ciphertext under What the server sees", async () => {
      const carol = await fixture.openUser("carol");
      await carol.signUp();
      const dave = await HeadlessUser.start(fixture.serverUrl, "dave", "carol");
      await dave.send("only carol reads this");
      await carol.openChat("dave");
      await carol.waitForMessages(FIRST_TEXT, "only carol reads this");
      await carol.button("What the server sees").click();
      await carol.waitForMessages();
      expect(await carol.page.locator(".ciphertext").last().textContent()).toMatch(/^[\w+/]{96}…$/);
      await carol.waitForText("144 bytes");
      await carol.button("What the server sees").click();
      await carol.waitForMessages(FIRST_TEXT, "only carol reads this");
      await dave.close();
    });

    it("load earlier messages by scrolling up", async () => {
      const erin = await fixture.openUser("erin");
      await erin.signUp();
      const frank = await HeadlessUser.start(fixture.serverUrl, "frank", "erin");
      const texts = Array.from({ length: 130 }, (_, at) => `message ${at + 1}`);
      await frank.send(...texts);
      await erin.openChat("frank");
      const goUp = async () => {
        await erin.timeline.press("Home");
        return erin.messages();
      };
      await expect.poll(goUp).toEqual([FIRST_TEXT, ...texts]);
      await erin.waitForText("This is the beginning");
      await frank.close();
    });
  });

  describe("signing out", () => {
    it("removes the keys, so that the page asks for the passphrase after the next sign-in", async () => {
      const ivan = await fixture.openUser("ivan");
      await ivan.signUp();
      const judy = await HeadlessUser.start(fixture.serverUrl, "judy", "ivan");
      await ivan.openChat("judy");
      await ivan.waitForMessages(FIRST_TEXT);
      await ivan.button("Account of").click();
      await ivan.page.getByRole("button", { name: "Sign out", exact: true }).click();
      await ivan.page.getByLabel("Username", { exact: true }).waitFor();
      expect(await ivan.storedData()).not.toContain("CryptoKey");
      await ivan.signIn();
      await ivan.openChat("judy");
      await ivan.waitForMessages(FIRST_TEXT);
      await judy.close();
    });
  });

  describe("two tabs of a browser", () => {
    it("are active one at a time", async () => {
      const kim = await fixture.openUser("kim");
      await kim.signUp();
      const leo = await HeadlessUser.start(fixture.serverUrl, "leo", "kim");
      await kim.openChat("leo");
      await kim.send("from the first tab");
      const first = kim.page;
      kim.page = await kim.openTab();
      await kim.waitForText("Open in another tab");
      await kim.button("Use it here").click();
      await kim.chatLink("leo").click();
      await kim.send("from the second tab");
      await kim.waitForMessages(FIRST_TEXT, "from the first tab", "from the second tab");
      await first.getByRole("heading", { name: "Open in another tab" }).waitFor();
      await kim.page.close();
      kim.page = first;
      await kim.waitForMessages(FIRST_TEXT, "from the first tab", "from the second tab");
      await leo.close();
    });
  });
}
