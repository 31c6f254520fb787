import { describe, expect, it } from "vitest";
import { Companion } from "../companion.js";
import type { Person } from "../person.js";
import type { Stage } from "../stage.js";

const COUNT = 5000;
const UNREAD = 20;
/** Elements of the whole page that a long chat may have. */
const MAX_ELEMENTS = 2000;
/** Seconds between two messages: 5,000 are 35 days. */
const PAUSE = 600;

export function long(stage: Stage): void {
  describe("a chat of 5,000 messages", () => {
    it("opens at the first unread one, loads pages as the user scrolls up, and has few elements", async () => {
      const nora = await stage.person("nora");
      await nora.signUp();
      const otto = await Companion.with(stage.serverUrl, "otto", "nora");
      const last = Date.now() / 1000;
      const texts = Array.from({ length: COUNT }, (_, at) => `message ${at + 1}`);
      const messages = await Promise.all(
        texts.map((text, at) => otto.encrypt(text, last - (COUNT - at) * PAUSE)),
      );
      await otto.leave();
      await stage.seed(messages, UNREAD);
      const unread = nora.page.locator(".unread", { hasText: new RegExp(`^${UNREAD} unread$`) });
      await unread.waitFor({ timeout: 60_000 });
      const asked = countPages(nora);
      await nora.openChat("otto");

      await nora.reads("New messages");
      await nora.page.getByText(`message ${COUNT - UNREAD + 1}`, { exact: true }).waitFor();
      const [before, after] = await aroundDivider(nora);
      expect([before, after]).toEqual([
        `message ${COUNT - UNREAD}`,
        `message ${COUNT - UNREAD + 1}`,
      ]);
      expect(asked.pages).toBeLessThanOrEqual(2);

      // The server limits requests: one of them is to be asked for again.
      let isLimited = false;
      await nora.page.route("**/messages?*", async (route) => {
        if (isLimited) return route.continue();
        isLimited = true;
        await route.fulfill({
          ...{ status: 429, headers: { "Retry-After": "2" } },
          json: { error_code: "ERR_RATE_LIMITED", error_message: "later", timestamp: last },
        });
      });
      const wait = nora.reads(/The server limits how much it is asked for/);
      const [up] = await Promise.all([goUp(nora), wait]);
      expect(up).toMatchObject({ first: "message 1", moved: [] });
      expect(up.elements).toBeLessThan(MAX_ELEMENTS);
      expect(asked.pages).toBeLessThanOrEqual(COUNT / 100 + 5);
      await nora.reads("This is the beginning");
      const shown = messages.slice(0, 200);
      expect(await days(nora)).toEqual([
        ...new Set(shown.map(({ timestamp }) => dayOf(timestamp))),
      ]);

      await nora.button("What the server sees").click();
      await expect.poll(() => nora.page.locator(".ciphertext").count()).toBeGreaterThan(50);
      expect(await nora.texts()).toEqual([]);
      expect(await elements(nora)).toBeLessThan(MAX_ELEMENTS);
      await nora.button("What the server sees").click();
      await expect.poll(() => nora.texts()).toContain("message 1");

      await nora.button("Go to the last message").click();
      await nora.seesLast(...texts.slice(-100));
      expect(await nora.barriers()).toEqual([]);
      expect(await elements(nora)).toBeLessThan(MAX_ELEMENTS);
    }, 180_000);
  });

  describe("the messages of a chat", () => {
    it("are read where they are on the screen of a page in front, and the user's own come into view", async () => {
      const pia = await stage.person("pia");
      await pia.signUp();
      const rex = await Companion.with(stage.serverUrl, "rex", "pia");
      await rex.write(...Array.from({ length: 39 }, (_, at) => `message ${at + 2}`));
      await pia.openChat("rex");
      await pia.page.bringToFront();
      await expect.poll(() => rex.readUpTo, { timeout: 45_000 }).toBeGreaterThan(0);
      expect(rex.readUpTo).toBeLessThan(40);
      await pia.button("unread. Go to the last message").click();
      await expect.poll(() => rex.readUpTo, { timeout: 45_000 }).toBe(40);
      await pia.page.locator(".jump").waitFor({ state: "hidden" });

      await goAway(pia);
      await rex.write("while pia is away", "and again");
      await pia.reads("and again");
      await pia.reads("2 unread");
      expect(await aroundDivider(pia)).toEqual(["message 40", "while pia is away"]);
      expect(rex.readUpTo).toBe(40);
      await comeBack(pia);
      await expect.poll(() => rex.readUpTo, { timeout: 45_000 }).toBe(42);

      await pia.timeline.press("Home");
      await pia.page.locator(".jump").waitFor();
      await rex.write("further down");
      await pia.button("1 unread. Go to the last message").waitFor();
      await pia.write("my own");
      await pia.page.locator(".jump").waitFor({ state: "hidden" });
      await expect.poll(() => rex.readUpTo, { timeout: 45_000 }).toBe(43);
      expect(await pia.page.locator(".divider").count()).toBe(0);
      await rex.leave();
    });
  });
}

/** Has the page behave as one without the focus: a browser without a window may give it to all. */
async function goAway({ page }: Person): Promise<void> {
  await page.evaluate(() => {
    Object.defineProperty(document, "hasFocus", { value: () => false, configurable: true });
    dispatchEvent(new Event("blur"));
  });
}

async function comeBack({ page }: Person): Promise<void> {
  await page.bringToFront();
  await page.evaluate(() => {
    Reflect.deleteProperty(document, "hasFocus");
    dispatchEvent(new Event("focus"));
  });
}

/** How many pages of messages the browser asks for from now on. */
function countPages({ page }: Person): { pages: number } {
  const asked = { pages: 0 };
  page.on("request", (request) => {
    if (/\/messages\?/.test(request.url())) asked.pages += 1;
  });
  return asked;
}

/** The days that have a heading, in order. */
function days({ page }: Person): Promise<string[]> {
  const headings = page.locator(".day h3 time");
  return headings.evaluateAll((all) => all.map((one) => one.getAttribute("datetime") ?? ""));
}

/** The browser is in the time zone of this process. */
function dayOf(timestamp: number): string {
  return new Intl.DateTimeFormat("sv").format(timestamp * 1000);
}

/** The texts before and after "New messages". */
function aroundDivider({ page }: Person): Promise<(string | undefined)[]> {
  return page.locator(".divider").evaluate((divider) => {
    const texts = [...document.querySelectorAll(".message .text")];
    const isBefore = (text: Element) =>
      Boolean(divider.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_PRECEDING);
    const after = texts.findIndex((text) => !isBefore(text));
    return [texts[after - 1]?.textContent, texts[after]?.textContent];
  });
}

function elements({ page }: Person): Promise<number> {
  return page.evaluate(() => document.querySelectorAll("*").length);
}

/** Scrolls to the first message; gives what moved on the screen meanwhile, and the most elements there were. */
function goUp({ timeline }: Person) {
  return timeline.evaluate(async (scroller) => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    const first = () => scroller.querySelector<HTMLElement>("[data-seq]")!;
    const moved: string[] = [];
    let most = 0;
    while (first().dataset.seq !== "1") {
      scroller.scrollTop = 0;
      const seen = first();
      const { top } = seen.getBoundingClientRect();
      while (first() === seen && seen.dataset.seq !== "1") await frame();
      await frame();
      const shift = seen.getBoundingClientRect().top - top;
      if (Math.abs(shift) > 2) moved.push(`${seen.dataset.seq} by ${shift}`);
      most = Math.max(most, document.querySelectorAll("*").length);
    }
    return { first: first().querySelector(".text")?.textContent, moved, elements: most };
  });
}
