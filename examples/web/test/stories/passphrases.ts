import { describe, expect, it } from "vitest";
import { wordsOf } from "../../../client/src/passphrase/draw.js";
import type { PageFixture } from "../fixture.js";
import { PASSPHRASE } from "../test-user.js";

export function describePassphrases(fixture: PageFixture): void {
  describe("a new chat's passphrase", () => {
    it("is rated, generated in two languages, copied, and accepted when weak only if the user insists", async () => {
      const nina = await fixture.openUser("nina");
      const omar = await fixture.openUser("omar");
      await Promise.all([nina.signUp(), omar.signUp()]);
      await nina.find("omar");
      const field = nina.page.getByLabel("Passphrase", { exact: true });
      const again = nina.page.getByLabel("Passphrase, again");
      const both = async (text: string) => {
        await field.fill(text);
        await again.fill(text);
      };

      await both("omar omar");
      await nina.waitForText("Too weak: ten fast graphics cards guess it in less than a second.");
      await nina.button("Begin the chat").click();
      await nina.waitForText("This passphrase is too weak");
      await both("cuatro palabras que nadie adivina");
      await nina.waitForText(/Fair: .+ about \d+ days/);
      expect(await nina.page.getByLabel("Use it anyway").isVisible()).toBe(false);

      for (const [language, code] of [
        ["English", "en"],
        ["Español", "es"],
      ] as const) {
        await nina.page.getByLabel("Language of the words").selectOption(language);
        await nina.page.getByRole("button", { name: /^Draw/ }).click();
        await nina.button("Copy").click();
        await nina.waitForText("The passphrase is copied.");
        await nina.waitForText("Strong: ten fast graphics cards guess it in thousands of years.");
        const drawn = (await field.inputValue()).split(" ");
        expect(drawn).toHaveLength(5);
        for (const word of drawn) expect(await wordsOf(code)).toContain(word);
        expect(await again.inputValue()).toBe(drawn.join(" "));
        expect(await field.getAttribute("type")).toBe("text");
      }

      await both("a");
      await nina.page.getByLabel("Use it anyway").check();
      await nina.waitForText("can guess this passphrase");
      expect(await nina.accessibilityViolations()).toEqual([]);
      await nina.button("Begin the chat").click();
      await nina.composer.waitFor();
      await omar.openChat("nina", "a");
    });

    it.each([
      ["nadia", "oleg", "first"],
      ["pilar", "quim", "second"],
    ])(
      "does not move the pressed button when its rating appears (%s, %s, %s time)",
      async (name, peerName, time) => {
        const creator = await fixture.openUser(name);
        const peer = await fixture.openUser(peerName);
        await Promise.all([creator.signUp(), peer.signUp()]);
        await creator.find(peerName);
        const field = creator.page.getByLabel("Passphrase", { exact: true });
        if (time === "second") {
          await field.fill("weak");
          await creator.waitForText("Too weak");
        }
        await creator.page.getByLabel("Passphrase, again").fill(PASSPHRASE);
        await field.fill(PASSPHRASE);
        await creator.button("Begin the chat").hover();
        await creator.page.mouse.down();
        await creator.waitForText(/^(Fair|Strong):/);
        await creator.page.mouse.up();
        await creator.composer.waitFor();
      },
    );

    it("is not accepted without a rating if the estimator does not load", async () => {
      const pepa = await fixture.openUser("pepa");
      const raul = await fixture.openUser("raul");
      await Promise.all([pepa.signUp(), raul.signUp()]);
      await pepa.context.route("**/estimator-*.js", (route) => route.abort());
      await pepa.find("raul");
      await pepa.page.getByLabel("Passphrase", { exact: true }).fill("one without a rating");
      await pepa.waitForText("The strength cannot be estimated");
      await pepa.page.getByLabel("Use it anyway").waitFor();
    });
  });

  describe("a creator who mistyped the passphrase", () => {
    it("can start the chat over, until the peer has read it", async () => {
      const sol = await fixture.openUser("sol");
      const tea = await fixture.openUser("tea");
      await Promise.all([sol.signUp(), tea.signUp()]);
      await sol.beginChat("tea", "mistyped words that only one member knows");
      await sol.send("lost");
      await sol.waitForTicks("Delivered");
      await tea.chatLink("sol").click();
      await tea.unlock(PASSPHRASE);
      await tea.waitForText("This is not the passphrase");

      const start = () => sol.button("Start over with a new passphrase").click();
      await start();
      await sol.button("Cancel").click();
      await sol.waitForMessages("lost");
      await start();
      await sol.page.getByLabel("Passphrase", { exact: true }).fill(PASSPHRASE);
      await sol.page.getByLabel("Passphrase, again").fill(PASSPHRASE);
      expect(await sol.accessibilityViolations()).toEqual([]);
      await sol.page.getByRole("button", { name: "Start over", exact: true }).click();
      await sol.composer.waitFor();
      await sol.waitForMessages();
      await sol.send("found");

      await tea.unlock(PASSPHRASE);
      await tea.waitForMessages("found");
      await sol.waitForTicks("Read");
      await sol.page.getByText("has not opened this chat yet").waitFor({ state: "detached" });
      await tea.send("yes");
      await sol.waitForMessages("found", "yes");
      await sol.page.reload();
      await sol.waitForMessages("found", "yes");
    });
  });
}
