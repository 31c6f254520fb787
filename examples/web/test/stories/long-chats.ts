import { describe, expect, it } from "vitest";
import type { PageFixture } from "../fixture.js";
import { HeadlessUser } from "../headless-user.js";
import type { TestUser } from "../test-user.js";

const COUNT = 5000;
const UNREAD = 20;
/** Maximum number of elements in the document with a long chat. */
const MAX_ELEMENTS = 2000;
/** Seconds between two messages: 5,000 messages take 35 days. */
const PAUSE = 600;

export function describeLongChats(fixture: PageFixture): void {
  describe("a chat of 5,000 messages", () => {
    it("opens at the first unread message, loads pages as the user scrolls up, and keeps few elements", async () => {
      const nora = await fixture.openUser("nora");
      await nora.signUp();
      const otto = await HeadlessUser.start(fixture.serverUrl, "otto", "nora");
      const last = Date.now() / 1000;
      const texts = Array.from({ length: COUNT }, (_, at) => `message ${at + 1}`);
      const messages = await Promise.all(
        texts.map((text, at) => otto.encrypt(text, last - (COUNT - at) * PAUSE)),
      );
      await otto.close();
      await fixture.replaceMessages(messages, UNREAD);
      const unread = nora.page.locator(".unread", { hasText: new RegExp(`^${UNREAD} unread$`) });
      await unread.waitFor({ timeout: 60_000 });
      const requested = countPages(nora);
      await nora.openChat("otto");

      await nora.waitForText("New messages");
      await nora.page.getByText(`message ${COUNT - UNREAD + 1}`, { exact: true }).waitFor();
      const [before, after] = await aroundDivider(nora);
      expect([before, after]).toEqual([
        `message ${COUNT - UNREAD}`,
        `message ${COUNT - UNREAD + 1}`,
      ]);
      expect(requested.pages).toBeLessThanOrEqual(2);

      // Reject one request with 429, so that the page has to repeat it.
      let isLimited = false;
      await nora.page.route("**/messages?*", async (route) => {
        if (isLimited) return route.continue();
        isLimited = true;
        await route.fulfill({
          ...{ status: 429, headers: { "Retry-After": "2" } },
          json: { error_code: "ERR_RATE_LIMITED", error_message: "later", timestamp: last },
        });
      });
      const wait = nora.waitForText(/The server limits requests/);
      const [up] = await Promise.all([scrollUp(nora), wait]);
      expect(up).toMatchObject({ first: "message 1", moved: [] });
      expect(up.elements).toBeLessThan(MAX_ELEMENTS);
      expect(requested.pages).toBeLessThanOrEqual(COUNT / 100 + 5);
      await nora.waitForText("This is the beginning");
      const shown = messages.slice(0, 200);
      expect(await days(nora)).toEqual([
        ...new Set(shown.map(({ timestamp }) => dayOf(timestamp))),
      ]);

      await nora.button("What the server sees").click();
      await expect.poll(() => nora.page.locator(".ciphertext").count()).toBeGreaterThan(50);
      expect(await nora.messages()).toEqual([]);
      expect(await elements(nora)).toBeLessThan(MAX_ELEMENTS);
      await nora.button("What the server sees").click();
      await expect.poll(() => nora.messages()).toContain("message 1");

      await nora.button("Go to the last message").click();
      await nora.waitForLastMessages(...texts.slice(-100));
      expect(await nora.accessibilityViolations()).toEqual([]);
      expect(await elements(nora)).toBeLessThan(MAX_ELEMENTS);
    }, 180_000);
  });

  describe("messages on the screen", () => {
    it("are marked as read if the page has the focus, and scroll to the end when the user sends one", async () => {
      const pia = await fixture.openUser("pia");
      await pia.signUp();
      const rex = await HeadlessUser.start(fixture.serverUrl, "rex", "pia");
      await rex.send(...Array.from({ length: 39 }, (_, at) => `message ${at + 2}`));
      await pia.openChat("rex");
      await pia.page.bringToFront();
      await expect.poll(() => rex.readUpTo).toBeGreaterThan(0);
      expect(rex.readUpTo).toBeLessThan(40);
      await pia.button("unread. Go to the last message").click();
      await expect.poll(() => rex.readUpTo).toBe(40);
      await pia.page.locator(".jump").waitFor({ state: "hidden" });

      await removeFocus(pia);
      await rex.send("while pia is away", "and again");
      await pia.waitForText("and again");
      await pia.waitForText("2 unread");
      expect(await aroundDivider(pia)).toEqual(["message 40", "while pia is away"]);
      expect(rex.readUpTo).toBe(40);
      await restoreFocus(pia);
      await expect.poll(() => rex.readUpTo).toBe(42);

      await pia.timeline.press("Home");
      await pia.page.locator(".jump").waitFor();
      await rex.send("further down");
      await pia.button("1 unread. Go to the last message").waitFor();
      await pia.send("my own");
      await pia.page.locator(".jump").waitFor({ state: "hidden" });
      await expect.poll(() => rex.readUpTo).toBe(43);
      expect(await pia.page.locator(".divider").count()).toBe(0);
      await rex.close();
    });
  });
}

/** Makes the page behave as if without the focus: a headless browser may give all pages the focus. */
async function removeFocus({ page }: TestUser): Promise<void> {
  await page.evaluate(() => {
    Object.defineProperty(document, "hasFocus", { value: () => false, configurable: true });
    dispatchEvent(new Event("blur"));
  });
}

async function restoreFocus({ page }: TestUser): Promise<void> {
  await page.bringToFront();
  await page.evaluate(() => {
    Reflect.deleteProperty(document, "hasFocus");
    dispatchEvent(new Event("focus"));
  });
}

/** Counts the pages of messages that the browser requests from now on. */
function countPages({ page }: TestUser): { pages: number } {
  const requested = { pages: 0 };
  page.on("request", (request) => {
    if (/\/messages\?/.test(request.url())) requested.pages += 1;
  });
  return requested;
}

/** Returns the days that have a heading, in order. */
function days({ page }: TestUser): Promise<string[]> {
  const headings = page.locator(".day h3 time");
  return headings.evaluateAll((all) => all.map((one) => one.getAttribute("datetime") ?? ""));
}

/** Returns the day in the time zone of this process, which the browser uses too. */
function dayOf(timestamp: number): string {
  return new Intl.DateTimeFormat("sv").format(timestamp * 1000);
}

/** Returns the texts before and after the divider "New messages". */
function aroundDivider({ page }: TestUser): Promise<(string | undefined)[]> {
  return page.locator(".divider").evaluate((divider) => {
    const texts = [...document.querySelectorAll(".message .text")];
    const isBefore = (text: Element) =>
      Boolean(divider.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_PRECEDING);
    const after = texts.findIndex((text) => !isBefore(text));
    return [texts[after - 1]?.textContent, texts[after]?.textContent];
  });
}

function elements({ page }: TestUser): Promise<number> {
  return page.evaluate(() => document.querySelectorAll("*").length);
}

/** Scrolls to the first message. Returns which messages moved on the screen, and the maximum number of elements. */
function scrollUp({ timeline }: TestUser) {
  return timeline.evaluate(async (scroller) => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    const first = () => scroller.querySelector<HTMLElement>("[data-seq]")!;
    const moved: string[] = [];
    let maxElements = 0;
    while (first().dataset.seq !== "1") {
      scroller.scrollTop = 0;
      const seen = first();
      const { top } = seen.getBoundingClientRect();
      while (first() === seen && seen.dataset.seq !== "1") await frame();
      await frame();
      const shift = seen.getBoundingClientRect().top - top;
      if (Math.abs(shift) > 2) moved.push(`${seen.dataset.seq} by ${shift}`);
      maxElements = Math.max(maxElements, document.querySelectorAll("*").length);
    }
    return { first: first().querySelector(".text")?.textContent, moved, elements: maxElements };
  });
}
