import { describe, expect, it } from "vitest";
import type { PageFixture } from "../fixture.js";
import { FIRST_TEXT, HeadlessUser } from "../headless-user.js";
import { PASSPHRASE } from "../test-user.js";

export function describeOffline(fixture: PageFixture): void {
  describe("a page without a connection", () => {
    it("queues messages, also over a reload, and delivers each once and in order after it reconnects", async () => {
      const mia = await fixture.openUser("mia");
      const noah = await fixture.openUser("noah");
      await Promise.all([mia.signUp(), noah.signUp()]);
      await mia.beginChat("noah");
      await mia.send("before");
      await noah.openChat("mia");
      await noah.waitForMessages("before");
      await mia.waitForTicks("Read");

      await mia.page.evaluate(async () => void (await navigator.serviceWorker.ready));
      await mia.proxy.cut();
      await mia.waitForText("You are offline");
      for (const text of ["one", "two", "three"]) await mia.send(text);
      await mia.waitForText("3 messages are waiting to be sent");
      await noah.send("meanwhile");
      await noah.waitForTicks("Sent");
      await mia.page.reload();
      await mia.waitForText("3 messages are waiting to be sent");
      await mia.waitForMessages("before", "one", "two", "three");
      const waiting = "Waiting to be sent";
      await mia.waitForTicks("Sent", waiting, waiting, waiting);
      await mia.send("four");
      await mia.waitForText("4 messages are waiting to be sent");

      await mia.proxy.restore();
      await noah.waitForMessages("before", "meanwhile", "one", "two", "three", "four");
      // Before Mia's page comes to the front: Noah's marks messages as read one frame after it shows them, if it has the focus.
      await mia.waitForTicks("Read", "Read", "Read", "Read", "Read");
      await mia.waitForMessages("before", "meanwhile", "one", "two", "three", "four");
      await mia.page.getByText("You are offline").waitFor({ state: "hidden" });
    });
  });

  describe("a dead connection that no end has closed", () => {
    it.each(["online", "pageshow"])(
      "is replaced within seconds after the event %s",
      async (event) => {
        const uma = await fixture.openUser(`uma-${event}`);
        const vito = await fixture.openUser(`vito-${event}`);
        await Promise.all([uma.signUp(), vito.signUp()]);
        await uma.beginChat(vito.name);
        await uma.send("before");
        await vito.openChat(uma.name);
        await vito.waitForMessages("before");
        // Now, because the page also checks its connection when it becomes visible.
        await uma.waitForMessages("before");
        uma.proxy.blackhole();
        await uma.page.evaluate((name) => window.dispatchEvent(new Event(name)), event);
        await vito.send("over a new connection");
        // Without the event, the page would notice after three heartbeats of 30 seconds each.
        await uma.waitForMessages("before", "over a new connection");
      },
    );
  });

  describe("pages whose server is killed", () => {
    it("queue messages, and exchange all of them once and in order after its restart", async () => {
      const olga = await fixture.openUser("olga");
      const paul = await fixture.openUser("paul");
      await Promise.all([olga.signUp(), paul.signUp()]);
      await olga.beginChat("paul");
      await olga.send("before");
      await paul.openChat("olga");
      await paul.waitForMessages("before");

      await fixture.killServer();
      await Promise.all([olga.waitForText("You are offline"), paul.waitForText("You are offline")]);
      await olga.send("while it was down");
      await olga.waitForText("1 message is waiting to be sent");
      await fixture.restartServer();
      await paul.waitForMessages("before", "while it was down");
      await paul.send("after");
      await olga.waitForMessages("before", "while it was down", "after");
      await paul.waitForMessages("before", "while it was down", "after");
      await olga.waitForTicks("Read", "Read");
    });
  });

  describe("the list of chats", () => {
    it("keeps its order, last messages and drafts over a reload", async () => {
      const lena = await fixture.openUser("lena");
      await lena.signUp();
      const mark = await HeadlessUser.start(fixture.serverUrl, "mark", "lena");
      const nils = await HeadlessUser.start(fixture.serverUrl, "nils", "lena");
      await lena.openChat("nils");
      await lena.waitForMessages(FIRST_TEXT);
      await lena.composer.fill("a secret that is not finished");
      await lena.openChat("mark");
      await mark.send("the last of mark's");
      await lena.waitForMessages(FIRST_TEXT, "the last of mark's");
      const entries = () => lena.page.locator(".chats:not(.people) .about").allInnerTexts();
      const expectOrder = async () => {
        await expect.poll(async () => (await entries())[0]).toMatch(/^mark/);
        expect((await entries())[0]).toContain("the last of mark's");
        expect((await entries())[1]).toContain("a secret that is not finished");
      };
      await expectOrder();
      await expect.poll(() => lena.storedData()).toMatch(/drafts":\[\{/);
      expect(await lena.storedData()).not.toContain("a secret");
      await lena.page.reload();
      await expectOrder();
      await lena.chatLink("nils").click();
      await expect.poll(() => lena.composer.inputValue()).toBe("a secret that is not finished");
      await lena.composer.press("Enter");
      await lena.waitForMessages(FIRST_TEXT, "a secret that is not finished");
      await expect.poll(() => lena.storedData()).not.toMatch(/drafts":\[\{/);
      await Promise.all([mark.close(), nils.close()]);
    });
  });

  describe("the data in the browser", () => {
    it("contains no passphrase, no text and no extractable key", async () => {
      const quinn = await fixture.openUser("quinn");
      await quinn.signUp();
      const rosa = await HeadlessUser.start(fixture.serverUrl, "rosa", "quinn");
      await rosa.send("a secret of rosa's");
      await quinn.openChat("rosa");
      await quinn.waitForMessages(FIRST_TEXT, "a secret of rosa's");
      await quinn.proxy.cut();
      await quinn.waitForText("You are offline");
      await quinn.send("a secret of quinn's");
      await quinn.waitForText("1 message is waiting to be sent");

      const stored = await quinn.storedData();
      expect(stored).toContain("CryptoKey extractable=false");
      expect(stored).not.toContain("extractable=true");
      expect(stored).toContain('"lacre login"');
      for (const secret of ["a secret", PASSPHRASE, "correct horse"]) {
        expect(stored).not.toContain(secret);
      }
      await rosa.close();
    });

    it("contains no messages if the user chose that", async () => {
      const sara = await fixture.openUser("sara");
      await sara.signUp();
      const tom = await HeadlessUser.start(fixture.serverUrl, "tom", "sara");
      await sara.openChat("tom");
      await sara.waitForMessages(FIRST_TEXT);
      await expect.poll(() => sara.storedData()).toMatch(/messages":\[\{/);
      await sara.button("Account of").click();
      await sara.page.getByLabel("Keep messages on this device").uncheck();
      await expect.poll(() => sara.storedData()).not.toMatch(/messages":\[\{/);
      await sara.button("Done").click();
      await tom.send("not kept");
      await sara.waitForMessages(FIRST_TEXT, "not kept");
      await sara.page.reload();
      await sara.waitForMessages(FIRST_TEXT, "not kept");
      expect(await sara.storedData()).not.toMatch(/messages":\[\{/);
      await tom.close();
    });
  });
}
