import { describe, expect, it } from "vitest";
import { Companion, GREETING } from "../companion.js";
import { PASSPHRASE } from "../person.js";
import type { Stage } from "../stage.js";

export function talking(stage: Stage): void {
  describe("two people with a page each", () => {
    it("find each other, agree on a passphrase, and chat both ways", async () => {
      const alice = await stage.person("alice");
      const bob = await stage.person("bob", { viewport: { width: 360, height: 640 } });
      await Promise.all([alice.signUp(), bob.signUp()]);
      await alice.beginChat("bob");
      await alice.page.locator(".pane-head").getByText("online").waitFor();
      await alice.write("hola bob");
      await alice.write("¿Vienes?\nA las ocho.");
      await alice.ticks("Delivered", "Delivered");

      await bob.reads("2 unread");
      await bob.chatLink("alice").click();
      await bob.unlock("another one");
      await bob.reads("This is not the passphrase of your chat with alice");
      expect(await bob.texts()).toEqual([]);
      await bob.unlock(PASSPHRASE);
      await bob.sees("hola bob", "¿Vienes?\nA las ocho.");
      await bob.reads("Today");
      await alice.ticks("Read", "Read");

      await bob.composer.pressSequentially("Sí");
      await alice.reads("typing…");
      await bob.composer.press("Enter");
      await alice.sees("hola bob", "¿Vienes?\nA las ocho.", "Sí");
      await bob.ticks("Read");

      await alice.page.reload();
      await alice.sees("hola bob", "¿Vienes?\nA las ocho.", "Sí");
      await alice.reads("online");
      await bob.leave();
      await alice.page.locator(".pane-head").getByText("offline").waitFor();
    });

    it("see what the server sees", async () => {
      const carol = await stage.person("carol");
      await carol.signUp();
      const dave = await Companion.with(stage.serverUrl, "dave", "carol");
      await dave.write("nobody else reads this");
      await carol.openChat("dave");
      await carol.sees(GREETING, "nobody else reads this");
      await carol.button("What the server sees").click();
      await carol.sees();
      expect(await carol.page.locator(".ciphertext").last().textContent()).toMatch(/^[\w+/]{96}…$/);
      await carol.reads("144 bytes");
      await carol.button("What the server sees").click();
      await carol.sees(GREETING, "nobody else reads this");
      await dave.leave();
    });

    it("scroll to what was written before", async () => {
      const erin = await stage.person("erin");
      await erin.signUp();
      const frank = await Companion.with(stage.serverUrl, "frank", "erin");
      const texts = Array.from({ length: 130 }, (_, at) => `message ${at + 1}`);
      await frank.write(...texts);
      await erin.openChat("frank");
      const goUp = async () => {
        await erin.timeline.press("Home");
        return erin.texts();
      };
      await expect.poll(goUp, { timeout: 45_000 }).toEqual([GREETING, ...texts]);
      await erin.reads("This is the beginning");
      await frank.leave();
    });
  });

  describe("somebody who signs out", () => {
    it("leaves no key behind, and is asked for the passphrase when they are back", async () => {
      const ivan = await stage.person("ivan");
      await ivan.signUp();
      const judy = await Companion.with(stage.serverUrl, "judy", "ivan");
      await ivan.openChat("judy");
      await ivan.sees(GREETING);
      await ivan.button("Account of").click();
      await ivan.page.getByRole("button", { name: "Sign out", exact: true }).click();
      await ivan.page.getByLabel("Username", { exact: true }).waitFor();
      expect(await ivan.kept()).not.toContain("CryptoKey");
      await ivan.signIn();
      await ivan.openChat("judy");
      await ivan.sees(GREETING);
      await judy.leave();
    });
  });

  describe("somebody with two tabs", () => {
    it("has one of them at a time do the work", async () => {
      const kim = await stage.person("kim");
      await kim.signUp();
      const leo = await Companion.with(stage.serverUrl, "leo", "kim");
      await kim.openChat("leo");
      await kim.write("from the first tab");
      const first = kim.page;
      kim.page = await kim.tab();
      await kim.reads("Open in another tab");
      await kim.button("Use it here").click();
      await kim.chatLink("leo").click();
      await kim.write("from the second tab");
      await kim.sees(GREETING, "from the first tab", "from the second tab");
      await first.getByRole("heading", { name: "Open in another tab" }).waitFor();
      await kim.page.close();
      kim.page = first;
      await kim.sees(GREETING, "from the first tab", "from the second tab");
      await leo.leave();
    });
  });
}
