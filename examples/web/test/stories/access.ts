import { describe, expect, it } from "vitest";
import { PASSPHRASE, PASSWORD, type Person } from "../person.js";
import type { Stage } from "../stage.js";

export function access(stage: Stage): void {
  describe("somebody with a keyboard alone", () => {
    it("signs up, begins a chat, writes, changes a setting and signs out", async () => {
      await (await stage.person("diana")).signUp();
      const emil = await stage.person("emil");
      await late(emil);
      const { keyboard } = emil.page;
      const type = async (...texts: string[]) => {
        for (const text of texts) await keyboard.type(text);
      };
      await emil.page.getByLabel("Username", { exact: true }).waitFor();
      await tabTo(emil, "Create an account");
      await keyboard.press("Enter");
      await focused(emil, "username");
      await type("emil");
      await keyboard.press("Tab");
      await type(PASSWORD);
      await keyboard.press("Enter");
      await emil.page.getByLabel("Find people").waitFor();

      await tabTo(emil, "find");
      await type("dian");
      await emil.reads("1 person");
      await tabTo(emil, "diana");
      await keyboard.press("Enter");
      await emil.reads("Agree on a passphrase");
      await tabTo(emil, "passphrase");
      await type(PASSPHRASE);
      await keyboard.press("Tab");
      await type(PASSPHRASE);
      await keyboard.press("Enter");
      await emil.composer.waitFor();
      await focused(emil, "composer");
      await type("hola");
      await keyboard.press("Shift+Enter");
      await type("diana");
      await keyboard.press("Enter");
      await emil.sees("hola\ndiana");

      await tabTo(emil, "Settings of this chat", "Shift+Tab");
      await keyboard.press("Enter");
      await emil.page.getByRole("dialog").waitFor();
      await keyboard.press("Escape");
      await focused(emil, "Settings of this chat");
      await tabTo(emil, "Account of emil", "Shift+Tab");
      await keyboard.press("Enter");
      await tabTo(emil, "Sign out");
      await keyboard.press("Enter");
      await emil.page.getByLabel("Username", { exact: true }).waitFor();
    });
  });

  describe("a screen reader", () => {
    it("is told of a message that comes in, and of nothing that was there before", async () => {
      const [fay, gil] = await Promise.all([stage.person("fay"), stage.person("gil")]);
      await Promise.all([fay.signUp(), gil.signUp()]);
      await fay.beginChat("gil");
      await fay.write("before");
      await gil.openChat("fay");
      await gil.sees("before");
      const live = gil.page.locator("[aria-live=polite]");
      expect(await live.textContent()).not.toContain("before");
      await fay.write("and now this");
      await expect.poll(() => live.textContent(), { timeout: 45_000 }).toBe("fay: and now this");
    });
  });

  describe.each(["light", "dark"] as const)("every screen, %s", (colorScheme) => {
    it("has no barrier that axe-core takes for serious or critical", async () => {
      const names = [`hal-${colorScheme}`, `ida-${colorScheme}`] as const;
      const hal = await stage.person(names[0], { colorScheme });
      const ida = await stage.person(names[1], {
        colorScheme,
        viewport: { width: 360, height: 640 },
      });
      const everywhere = async (where: string) => {
        const barriers = await Promise.all([hal.barriers(), ida.barriers()]);
        expect({ where, barriers: barriers.flat() }).toEqual({ where, barriers: [] });
      };
      await everywhere("sign in");
      await hal.button("Create an account").click();
      await everywhere("sign up");
      await hal.page.reload();
      await Promise.all([hal.signUp(), ida.signUp()]);
      await everywhere("nobody to write to");
      await hal.page.getByLabel("Find people").fill(names[1]);
      await hal.reads("1 person");
      await everywhere("somebody was found");
      await hal.find(names[1]);
      await everywhere("agree on a passphrase");
      await hal.beginChat(names[1]);
      await hal.write("hola");
      await ida.reads("1 unread");
      await everywhere("the list of chats");
      await ida.chatLink(names[0]).click();
      await ida.unlock("wrong");
      await ida.reads("This is not the passphrase");
      await everywhere("a wrong passphrase");
      await ida.unlock(PASSPHRASE);
      await ida.sees("hola");
      await ida.write("hola");
      await hal.sees("hola", "hola");
      await everywhere("a chat");
      await ida.button("What the server sees").click();
      await hal.button("Settings of this chat").click();
      await everywhere("what the server sees, and a chat's settings");
      await hal.button("Cancel").click();
      await ida.button("What the server sees").click();
      await hal.button("Account of").click();
      await Promise.all([hal.cable.cut(), ida.cable.cut()]);
      await Promise.all([hal.reads("You are offline"), ida.reads("You are offline")]);
      await ida.write("queued");
      await everywhere("the account's settings, and no connection");
    });
  });
}

/** Which element has the focus: by its id, its name or its text. */
function active({ page }: Person): Promise<string[]> {
  return page.evaluate(() => {
    const element = document.activeElement as HTMLInputElement;
    const label = element.getAttribute("aria-label") ?? "";
    const text = element.matches("a, button") ? (element.textContent ?? "") : "";
    return [element.id, element.name ?? "", label, text];
  });
}

async function focused(person: Person, name: string): Promise<void> {
  await expect.poll(() => active(person), { timeout: 10_000 }).toContain(name);
}

/** Has the page's frames and timers come late, as where a machine has much to do: nothing may take the focus by then. */
async function late({ context, page }: Person): Promise<void> {
  await context.addInitScript(() => {
    const { setTimeout } = window;
    window.setTimeout = ((then: () => void, after = 0) =>
      setTimeout(then, after + 300)) as typeof setTimeout;
    window.requestAnimationFrame = (then) => setTimeout(then, 300, performance.now());
  });
  await page.reload();
}

/** Goes there as people do who have no mouse; never out of the page, where a browser without a window has no focus. */
async function tabTo(person: Person, name: string, key = "Tab"): Promise<void> {
  for (let tries = 0; tries < 40; tries++) {
    const isThere = (await active(person)).some((one) => one.includes(name));
    if (isThere) return;
    await person.page.keyboard.press(key);
  }
  throw new Error(`nothing called "${name}" takes the focus`);
}
