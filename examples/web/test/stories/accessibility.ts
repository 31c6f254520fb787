import { describe, expect, it } from "vitest";
import type { PageFixture } from "../fixture.js";
import { delayTimers, PASSPHRASE, PASSWORD, type TestUser } from "../test-user.js";

export function describeAccessibility(fixture: PageFixture): void {
  describe("the keyboard alone", () => {
    it("is enough to sign up, begin a chat, send a message, open the settings and sign out", async () => {
      await (await fixture.openUser("diana")).signUp();
      const emil = await fixture.openUser("emil");
      // Code that moves the focus in a frame or a timer fails this test.
      await delayTimers(emil.context, 300);
      await emil.page.reload();
      const { keyboard } = emil.page;
      const type = async (...texts: string[]) => {
        for (const text of texts) await keyboard.type(text);
      };
      await emil.page.getByLabel("Username", { exact: true }).waitFor();
      await tabTo(emil, "Create an account");
      await keyboard.press("Enter");
      await type("emil");
      await keyboard.press("Tab");
      await type(PASSWORD);
      await keyboard.press("Enter");
      await emil.page.getByLabel("Find people").waitFor();

      await tabTo(emil, "find");
      await type("dian");
      await emil.waitForText("1 person");
      await tabTo(emil, "diana");
      await keyboard.press("Enter");
      await emil.waitForText("Agree on a passphrase");
      await tabTo(emil, "passphrase");
      await type(PASSPHRASE);
      await keyboard.press("Tab");
      await type(PASSPHRASE);
      await keyboard.press("Enter");
      await emil.composer.waitFor();
      await waitForFocus(emil, "composer");
      await type("hola");
      await keyboard.press("Shift+Enter");
      await type("diana");
      await keyboard.press("Enter");
      await emil.waitForMessages("hola\ndiana");

      await tabTo(emil, "Settings of this chat", "Shift+Tab");
      await keyboard.press("Enter");
      await emil.page.getByRole("dialog").waitFor();
      await keyboard.press("Escape");
      await waitForFocus(emil, "Settings of this chat");
      await tabTo(emil, "Account of emil", "Shift+Tab");
      await keyboard.press("Enter");
      await tabTo(emil, "Sign out");
      await keyboard.press("Enter");
      await emil.page.getByLabel("Username", { exact: true }).waitFor();
    });
  });

  describe("a screen reader", () => {
    it("announces a message that arrives, and no earlier ones", async () => {
      const fay = await fixture.openUser("fay");
      const gil = await fixture.openUser("gil");
      await Promise.all([fay.signUp(), gil.signUp()]);
      await fay.beginChat("gil");
      await fay.send("before");
      await gil.openChat("fay");
      await gil.waitForMessages("before");
      const live = gil.page.locator("[aria-live=polite]");
      expect(await live.textContent()).not.toContain("before");
      await fay.send("and now this");
      await expect.poll(() => live.textContent()).toBe("fay: and now this");
    });
  });

  describe.each(["light", "dark"] as const)("every screen, %s", (colorScheme) => {
    it("has no violation that axe-core rates serious or critical", async () => {
      const names = [`hal-${colorScheme}`, `ida-${colorScheme}`] as const;
      const hal = await fixture.openUser(names[0], { colorScheme });
      const ida = await fixture.openUser(names[1], {
        colorScheme,
        viewport: { width: 360, height: 640 },
      });
      const check = async (screen: string) => {
        const violations = await Promise.all(
          [hal, ida].map((user) => user.accessibilityViolations()),
        );
        expect({ screen, violations: violations.flat() }).toEqual({ screen, violations: [] });
      };
      await check("sign in");
      await hal.button("Create an account").click();
      await check("sign up");
      await hal.page.reload();
      await Promise.all([hal.signUp(), ida.signUp()]);
      await check("no chats");
      await hal.page.getByLabel("Find people").fill(names[1]);
      await hal.waitForText("1 person");
      await check("a search with a result");
      await hal.find(names[1]);
      await check("a new chat");
      await hal.beginChat(names[1]);
      await hal.send("hola");
      await ida.waitForText("1 unread");
      await check("the list of chats");
      await ida.chatLink(names[0]).click();
      await ida.unlock("wrong");
      await ida.waitForText("This is not the passphrase");
      await check("a wrong passphrase");
      await ida.unlock(PASSPHRASE);
      await ida.waitForMessages("hola");
      await ida.send("hola");
      await hal.waitForMessages("hola", "hola");
      await check("a chat");
      await ida.button("What the server sees").click();
      await hal.button("Settings of this chat").click();
      await check("what the server sees, and a chat's settings");
      await hal.button("Cancel").click();
      await ida.button("What the server sees").click();
      await hal.button("Account of").click();
      await Promise.all([hal.proxy.cut(), ida.proxy.cut()]);
      await Promise.all([hal.waitForText("You are offline"), ida.waitForText("You are offline")]);
      await ida.send("queued");
      await check("the account's settings, and no connection");
    });
  });
}

/** Returns the id, name, label and text of the element that has the focus. */
function focusedElement({ page }: TestUser): Promise<string[]> {
  return page.evaluate(() => {
    const element = document.activeElement as HTMLInputElement;
    const label = element.getAttribute("aria-label") ?? "";
    const text = element.matches("a, button") ? (element.textContent ?? "") : "";
    return [element.id, element.name ?? "", label, text];
  });
}

async function waitForFocus(user: TestUser, name: string): Promise<void> {
  await expect.poll(() => focusedElement(user)).toContain(name);
}

/** Presses Tab until an element has the focus. Stops there, as a headless browser loses the focus outside the page. */
async function tabTo(user: TestUser, name: string, key = "Tab"): Promise<void> {
  for (let tries = 0; tries < 40; tries++) {
    const isThere = (await focusedElement(user)).some((one) => one.includes(name));
    if (isThere) return;
    await user.page.keyboard.press(key);
  }
  throw new Error(`no element "${name}" takes the focus`);
}
