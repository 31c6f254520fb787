import { describe, expect, it } from "vitest";
import { Companion, GREETING } from "../companion.js";
import { PASSPHRASE } from "../person.js";
import type { Stage } from "../stage.js";

export function away(stage: Stage): void {
  describe("somebody whose connection is cut", () => {
    it("writes on, reloads, and has each message there once and in order when it is back", async () => {
      const mia = await stage.person("mia");
      const noah = await stage.person("noah");
      await Promise.all([mia.signUp(), noah.signUp()]);
      await mia.beginChat("noah");
      await mia.write("before");
      await noah.openChat("mia");
      await noah.sees("before");
      await mia.ticks("Read");

      await mia.page.evaluate(async () => void (await navigator.serviceWorker.ready));
      await mia.cable.cut();
      await mia.reads("You are offline");
      for (const text of ["one", "two", "three"]) await mia.write(text);
      await mia.reads("3 messages are waiting to be sent");
      await noah.write("meanwhile");
      await mia.page.reload();
      await mia.reads("3 messages are waiting to be sent");
      await mia.sees("before", "one", "two", "three");
      const waiting = "Waiting to be sent";
      await mia.ticks("Sent", waiting, waiting, waiting);
      await mia.write("four");
      await mia.reads("4 messages are waiting to be sent");

      await mia.cable.mend();
      await noah.sees("before", "meanwhile", "one", "two", "three", "four");
      await mia.sees("before", "meanwhile", "one", "two", "three", "four");
      await mia.ticks("Read", "Read", "Read", "Read", "Read");
      await mia.page.getByText("You are offline").waitFor({ state: "hidden" });
    });
  });

  describe("a connection that died while nobody closed it", () => {
    it.each(["online", "pageshow"])("is replaced within seconds of a %s event", async (event) => {
      const uma = await stage.person(`uma-${event}`);
      const vito = await stage.person(`vito-${event}`);
      await Promise.all([uma.signUp(), vito.signUp()]);
      await uma.beginChat(vito.name);
      await uma.write("before");
      await vito.openChat(uma.name);
      await vito.sees("before");
      uma.cable.blackhole();
      await uma.write("into the void");
      const begun = Date.now();
      await uma.page.evaluate((name) => window.dispatchEvent(new Event(name)), event);
      await vito.sees("before", "into the void");
      // Without a probe, three sendings of 10 seconds each go by.
      expect(Date.now() - begun).toBeLessThan(20_000);
    });
  });

  describe("people whose server is killed", () => {
    it("write on, and have everything once and in order when it is back", async () => {
      const olga = await stage.person("olga");
      const paul = await stage.person("paul");
      await Promise.all([olga.signUp(), paul.signUp()]);
      await olga.beginChat("paul");
      await olga.write("before");
      await paul.openChat("olga");
      await paul.sees("before");

      await stage.kill();
      await Promise.all([olga.reads("You are offline"), paul.reads("You are offline")]);
      await olga.write("while it was down");
      await olga.reads("1 message is waiting to be sent");
      await stage.restart();
      await paul.sees("before", "while it was down");
      await paul.write("after");
      await olga.sees("before", "while it was down", "after");
      await paul.sees("before", "while it was down", "after");
      await olga.ticks("Read", "Read");
    });
  });

  describe("the list of chats", () => {
    it("has its order, last messages and drafts after a reload", async () => {
      const lena = await stage.person("lena");
      await lena.signUp();
      const mark = await Companion.with(stage.serverUrl, "mark", "lena");
      const nils = await Companion.with(stage.serverUrl, "nils", "lena");
      await lena.openChat("nils");
      await lena.sees(GREETING);
      await lena.composer.fill("a secret that is not finished");
      await lena.openChat("mark");
      await mark.write("the last of mark's");
      await lena.sees(GREETING, "the last of mark's");
      const entries = () => lena.page.locator(".chats:not(.people) .about").allInnerTexts();
      const looksRight = async () => {
        await expect.poll(async () => (await entries())[0], { timeout: 45_000 }).toMatch(/^mark/);
        expect((await entries())[0]).toContain("the last of mark's");
        expect((await entries())[1]).toContain("a secret that is not finished");
      };
      await looksRight();
      await expect.poll(() => lena.kept(), { timeout: 45_000 }).toMatch(/drafts":\[\{/);
      expect(await lena.kept()).not.toContain("a secret");
      await lena.page.reload();
      await looksRight();
      await lena.chatLink("nils").click();
      await expect
        .poll(() => lena.composer.inputValue(), { timeout: 45_000 })
        .toBe("a secret that is not finished");
      await lena.composer.press("Enter");
      await lena.sees(GREETING, "a secret that is not finished");
      await expect.poll(() => lena.kept(), { timeout: 45_000 }).not.toMatch(/drafts":\[\{/);
      await Promise.all([mark.leave(), nils.leave()]);
    });
  });

  describe("what a browser keeps", () => {
    it("has no passphrase, no text and no key that can be read out", async () => {
      const quinn = await stage.person("quinn");
      await quinn.signUp();
      const rosa = await Companion.with(stage.serverUrl, "rosa", "quinn");
      await rosa.write("a secret of rosa's");
      await quinn.openChat("rosa");
      await quinn.sees(GREETING, "a secret of rosa's");
      await quinn.cable.cut();
      await quinn.reads("You are offline");
      await quinn.write("a secret of quinn's");
      await quinn.reads("1 message is waiting to be sent");

      const kept = await quinn.kept();
      expect(kept).toContain("CryptoKey extractable=false");
      expect(kept).not.toContain("extractable=true");
      expect(kept).toContain('"lacre login"');
      for (const secret of ["a secret", PASSPHRASE, "correct horse"]) {
        expect(kept).not.toContain(secret);
      }
      await rosa.leave();
    });

    it("has no messages where somebody chose that", async () => {
      const sara = await stage.person("sara");
      await sara.signUp();
      const tom = await Companion.with(stage.serverUrl, "tom", "sara");
      await sara.openChat("tom");
      await sara.sees(GREETING);
      await expect.poll(() => sara.kept()).toMatch(/messages":\[\{/);
      await sara.button("Account of").click();
      await sara.page.getByLabel("Keep messages on this device").uncheck();
      await expect.poll(() => sara.kept()).not.toMatch(/messages":\[\{/);
      await sara.button("Done").click();
      await tom.write("not kept");
      await sara.sees(GREETING, "not kept");
      await sara.page.reload();
      await sara.sees(GREETING, "not kept");
      expect(await sara.kept()).not.toMatch(/messages":\[\{/);
      await tom.leave();
    });
  });
}
