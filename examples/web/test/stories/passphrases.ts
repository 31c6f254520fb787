import { describe, expect, it } from "vitest";
import { wordsOf } from "../../../client/src/passphrase/draw.js";
import { PASSPHRASE } from "../person.js";
import type { Stage } from "../stage.js";

export function passphrases(stage: Stage): void {
  describe("a new chat's passphrase", () => {
    it("is judged, drawn from two languages, copied, and weak only where its creator insists", async () => {
      const nina = await stage.person("nina");
      const omar = await stage.person("omar");
      await Promise.all([nina.signUp(), omar.signUp()]);
      await nina.find("omar");
      const field = nina.page.getByLabel("Passphrase", { exact: true });
      const again = nina.page.getByLabel("Passphrase, again");
      const both = async (text: string) => {
        await field.fill(text);
        await again.fill(text);
      };

      await both("omar omar");
      await nina.reads("Too weak: ten fast graphics cards guess it in less than a second.");
      await nina.button("Begin the chat").click();
      await nina.reads("This passphrase is too weak");
      await both("cuatro palabras que nadie adivina");
      await nina.reads(/Fair: .+ about \d+ days/);
      expect(await nina.page.getByLabel("Use it anyway").isVisible()).toBe(false);

      for (const [language, code] of [
        ["English", "en"],
        ["Español", "es"],
      ] as const) {
        await nina.page.getByLabel("Language of the words").selectOption(language);
        await nina.page.getByRole("button", { name: /^Draw/ }).click();
        await nina.button("Copy").click();
        await nina.reads("The passphrase is copied.");
        await nina.reads("Strong: ten fast graphics cards guess it in thousands of years.");
        const drawn = (await field.inputValue()).split(" ");
        expect(drawn).toHaveLength(5);
        for (const word of drawn) expect(await wordsOf(code)).toContain(word);
        expect(await again.inputValue()).toBe(drawn.join(" "));
        expect(await field.getAttribute("type")).toBe("text");
      }

      await both("a");
      await nina.page.getByLabel("Use it anyway").check();
      await nina.reads("can guess this passphrase");
      expect(await nina.barriers()).toEqual([]);
      await nina.button("Begin the chat").click();
      await nina.composer.waitFor();
      await omar.openChat("nina", "a");
    });

    it.each([
      ["nadia", "oleg", "first"],
      ["pilar", "quim", "second"],
    ])(
      "does not move the button that is pressed while its strength appears (%s, %s, %s time)",
      async (name, peer, time) => {
        const person = await stage.person(name);
        const other = await stage.person(peer);
        await Promise.all([person.signUp(), other.signUp()]);
        await person.find(peer);
        const field = person.page.getByLabel("Passphrase", { exact: true });
        if (time === "second") {
          await field.fill("weak");
          await person.reads("Too weak");
        }
        await person.page.getByLabel("Passphrase, again").fill(PASSPHRASE);
        await field.fill(PASSPHRASE);
        await person.button("Begin the chat").hover();
        await person.page.mouse.down();
        await person.reads(/^(Fair|Strong):/);
        await person.page.mouse.up();
        await person.composer.waitFor();
      },
    );

    it("is not taken unjudged where the estimator does not load", async () => {
      const pepa = await stage.person("pepa");
      const raul = await stage.person("raul");
      await Promise.all([pepa.signUp(), raul.signUp()]);
      await pepa.context.route("**/estimator-*.js", (route) => route.abort());
      await pepa.find("raul");
      await pepa.page.getByLabel("Passphrase", { exact: true }).fill("one that nobody has judged");
      await pepa.reads("The strength cannot be estimated");
      await pepa.page.getByLabel("Use it anyway").waitFor();
    });
  });

  describe("somebody who mistyped the passphrase of a new chat", () => {
    it("starts the chat over, which the other one then opens, and not once it was read", async () => {
      const sol = await stage.person("sol");
      const tea = await stage.person("tea");
      await Promise.all([sol.signUp(), tea.signUp()]);
      await sol.beginChat("tea", "mistyped words that nobody knows");
      await sol.write("lost");
      await sol.ticks("Delivered");
      await tea.chatLink("sol").click();
      await tea.unlock(PASSPHRASE);
      await tea.reads("This is not the passphrase");

      const start = () => sol.button("Start over with a new passphrase").click();
      await start();
      await sol.button("Cancel").click();
      await sol.sees("lost");
      await start();
      await sol.page.getByLabel("Passphrase", { exact: true }).fill(PASSPHRASE);
      await sol.page.getByLabel("Passphrase, again").fill(PASSPHRASE);
      expect(await sol.barriers()).toEqual([]);
      await sol.page.getByRole("button", { name: "Start over", exact: true }).click();
      await sol.composer.waitFor();
      await sol.sees();
      await sol.write("found");

      await tea.unlock(PASSPHRASE);
      await tea.sees("found");
      await sol.ticks("Read");
      await sol.page.getByText("has not opened this chat yet").waitFor({ state: "detached" });
      await tea.write("yes");
      await sol.sees("found", "yes");
      await sol.page.reload();
      await sol.sees("found", "yes");
    });
  });
}
