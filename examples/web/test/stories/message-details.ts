import { describe, expect, it } from "vitest";
import type { PageFixture } from "../fixture.js";
import { FIRST_TEXT, HeadlessUser } from "../headless-user.js";

export function describeMessageDetails(fixture: PageFixture): void {
  describe("messages", () => {
    it("have safe links, are not sent during a composition, and have borders in forced colours", async () => {
      const luz = await fixture.openUser("luz");
      await luz.signUp();
      const milo = await HeadlessUser.start(fixture.serverUrl, "milo", "luz");
      await luz.openChat("milo");
      const text =
        "See https://example.com/a?b=c, not javascript:alert(1) or https://a.example@b.example";
      await milo.send(text);
      await luz.waitForMessages(FIRST_TEXT, text);
      const links = luz.page.locator(".text a");
      expect(
        await links.evaluateAll((all) =>
          all.map((one) => ["href", "target", "rel", "dir"].map((name) => one.getAttribute(name))),
        ),
      ).toEqual([["https://example.com/a?b=c", "_blank", "noopener noreferrer", "ltr"]]);

      await luz.composer.fill("にほ");
      await luz.confirmComposition();
      expect(await luz.composer.inputValue()).toBe("にほ");
      await luz.composer.press("Enter");
      await luz.waitForMessages(FIRST_TEXT, text, "にほ");

      await luz.page.emulateMedia({ forcedColors: "active" });
      const borders = await luz.page.evaluate(() => {
        const styleOf = (selector: string) => getComputedStyle(document.querySelector(selector)!);
        return {
          isForced: matchMedia("(forced-colors: active)").matches,
          styles: [".own", ".peer"].map((side) => styleOf(side).borderTopStyle),
        };
      });
      // Playwright does not emulate forced colours in Firefox.
      expect(borders.isForced).toBe(fixture.browser === "chromium");
      if (borders.isForced) expect(borders.styles).toEqual(["double", "solid"]);
      await milo.close();
    });
  });
}
