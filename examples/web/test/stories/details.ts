import { describe, expect, it } from "vitest";
import { Companion, GREETING } from "../companion.js";
import type { Stage } from "../stage.js";

export function details(stage: Stage): void {
  describe("a chat", () => {
    it("has links that open alone, sends no half-written word, and is clear without backgrounds", async () => {
      const luz = await stage.person("luz");
      await luz.signUp();
      const milo = await Companion.with(stage.serverUrl, "milo", "luz");
      await luz.openChat("milo");
      const text =
        "See https://example.com/a?b=c, not javascript:alert(1) or https://a.example@b.example";
      await milo.write(text);
      await luz.sees(GREETING, text);
      const links = luz.page.locator(".text a");
      expect(
        await links.evaluateAll((all) =>
          all.map((one) => ["href", "target", "rel", "dir"].map((name) => one.getAttribute(name))),
        ),
      ).toEqual([["https://example.com/a?b=c", "_blank", "noopener noreferrer", "ltr"]]);

      await luz.composer.fill("にほ");
      await luz.composer.evaluate((field) => {
        const init = { key: "Enter", bubbles: true, cancelable: true };
        const event = new KeyboardEvent("keydown", init);
        // As Safari has it: the composition is over, and this Enter confirmed it.
        Object.defineProperty(event, "keyCode", { value: 229 });
        field.dispatchEvent(event);
      });
      expect(await luz.composer.inputValue()).toBe("にほ");
      await luz.composer.press("Enter");
      await luz.sees(GREETING, text, "にほ");

      await luz.page.emulateMedia({ forcedColors: "active" });
      const borders = await luz.page.evaluate(() => {
        const styleOf = (selector: string) => getComputedStyle(document.querySelector(selector)!);
        return {
          isForced: matchMedia("(forced-colors: active)").matches,
          styles: [".own", ".peer"].map((side) => styleOf(side).borderTopStyle),
        };
      });
      // Firefox's driver does not emulate them.
      expect(borders.isForced).toBe(stage.browser === "chromium");
      if (borders.isForced) expect(borders.styles).toEqual(["double", "solid"]);
      await milo.leave();
    });
  });
}
