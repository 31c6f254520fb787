import { setTimeout as sleep } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import { Actor } from "./actor.js";
import type { RecordingProxy } from "./recording-proxy.js";
import type { Speaker } from "./transcript.js";

/** How often somebody looks at the page, in milliseconds. */
const LOOK_MS = 100;
/** A busy machine takes its time to show what a person waits for. */
const PATIENCE_MS = 120_000;
/** ana's and benito's. */
const CLIENTS = 2;

export interface Visit {
  readonly proxy: RecordingProxy;
  readonly password: string;
  readonly passphrase: string;
}

/** What is to be seen on the page. */
interface View {
  readonly messages: readonly { seq: number; isOwn: boolean; text: string }[];
  /** Whether each message is shown once, in the order of the seqs. */
  readonly isInOrder: boolean;
  readonly readUpTo: number;
  readonly troubles: readonly string[];
  /** What the page says about the account or the network as a whole. */
  readonly notice: string;
}

/** Whether a text can be typed into a page: a form's field takes neither nothing nor control characters as they are. */
export function isTypeable(text: string): boolean {
  return text.trim() !== "" && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text);
}

/** With the web client, in a browser: signs in, writes and reads there as a person does. */
export class PageActor extends Actor {
  readonly seat: string;
  readonly #peer: Speaker;
  readonly #page: Page;
  readonly #proxy: RecordingProxy;
  readonly #seen = new Map<number, View["messages"][number]>();
  #outages = 0;
  #isLooking = true;
  #looking: Promise<void> = Promise.resolve();

  private constructor(
    name: Speaker,
    peer: Speaker,
    page: Page,
    browser: Browser,
    proxy: RecordingProxy,
  ) {
    super(name);
    this.#proxy = proxy;
    this.seat = `in ${browser.browserType().name()} ${browser.version()}`;
    this.#peer = peer;
    this.#page = page;
  }

  /** Signs in and opens the chat, which the peer has begun. */
  static async enter(
    name: Speaker,
    peer: Speaker,
    browser: Browser,
    visit: Visit,
  ): Promise<PageActor> {
    const page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    const actor = new PageActor(name, peer, page, browser, visit.proxy);
    page.on("pageerror", ({ message }) => actor.fail(message));
    await page.goto(visit.proxy.url);
    await page.getByLabel("Username").fill(name);
    await page.getByLabel("Password").fill(visit.password);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("navigation").getByRole("link", { name: peer }).click();
    await page.getByLabel("Passphrase", { exact: true }).fill(visit.passphrase);
    await page.getByRole("button", { name: "Open the chat" }).click();
    await actor.#composer.waitFor();
    actor.#looking = actor.#lookOn().catch((error: Error) => actor.fail(error.message));
    return actor;
  }

  override async say(text: string): Promise<void> {
    await this.#composer.fill(text);
    await this.#composer.press("Enter");
  }

  override async stop(): Promise<void> {
    this.#isLooking = false;
    await this.#looking;
    await this.#page.context().close();
  }

  get #composer() {
    return this.#page.getByRole("textbox", { name: `Message to ${this.#peer}` });
  }

  async #lookOn(): Promise<void> {
    while (this.#isLooking) {
      const isDisturbed = this.#isDisturbed();
      const view = await this.#page.evaluate(look, this.#shownUpTo);
      if (view.notice !== "") await this.#dismiss(view.notice, isDisturbed);
      if (this.#note(view)) this.emit("change");
      await sleep(LOOK_MS);
    }
    const whole = await this.#page.evaluate(look, 0);
    if (!whole.isInOrder) this.fail("the page shows a message twice, or out of order");
    this.#takeWhole(whole.messages);
  }

  /** Whether there is an outage, or was one since the last look: a request that it broke is no error of the client's. */
  #isDisturbed(): boolean {
    const { outages, welcomed } = this.#proxy;
    const isNew = outages !== this.#outages;
    this.#outages = outages;
    return isNew || welcomed < CLIENTS;
  }

  async #dismiss(notice: string, isDisturbed: boolean): Promise<void> {
    if (!isDisturbed) this.fail(notice);
    await this.#page.locator(".banners .notice button").click();
  }

  /** The seq up to which all was seen. */
  get #shownUpTo(): number {
    let seq = 0;
    while (this.#seen.has(seq + 1)) seq += 1;
    return seq;
  }

  /** Whether there is something new. */
  #note({ messages, readUpTo, troubles }: View): boolean {
    const fresh = messages.filter(({ seq }) => !this.#seen.has(seq));
    for (const message of fresh) this.#seen.set(message.seq, message);
    this.#take(fresh);
    this.errors.push(...troubles);
    const isNew = fresh.length > 0 || troubles.length > 0 || readUpTo > this.readUpTo;
    this.readUpTo = Math.max(this.readUpTo, readUpTo);
    return isNew;
  }

  /**
   * What counts in the end is what the page shows then, in its order, also what it shows twice. It may leave out what was
   * scrolled out of sight.
   */
  #takeWhole(shown: View["messages"]): void {
    const isShown = new Set(shown.map(({ seq }) => seq));
    const hidden = [...this.#seen.values()].filter(({ seq }) => !isShown.has(seq));
    this.sent.length = 0;
    this.received.length = 0;
    this.#take([...hidden, ...shown]);
  }

  #take(messages: View["messages"]): void {
    for (const { seq, isOwn, text } of messages) {
      if (isOwn) this.sent.push({ seq, text });
      else this.received.push({ seq, from: this.#peer, text });
    }
  }
}

/** Runs in the page. No function in it has a name: what compiles this file would lend it a helper that the page lacks. */
function look(shownUpTo: number): View {
  const all = [...document.querySelectorAll<HTMLElement>(".message[data-seq]")].map((message) => ({
    seq: Number(message.dataset.seq),
    isOwn: message.classList.contains("own"),
    isRead: message.querySelector(".ticks.read") !== null,
    message,
  }));
  const troubles = document.querySelectorAll(".failure, .unreadable, .pane [role=alert]");
  return {
    messages: all
      .filter(({ seq }) => seq > shownUpTo)
      .map(({ seq, isOwn, message }) => ({
        seq,
        isOwn,
        text: message.querySelector(".text")?.textContent ?? "",
      })),
    isInOrder: all.every(({ seq }, at) => at === 0 || seq > all[at - 1]!.seq),
    readUpTo: Math.max(0, ...all.filter(({ isRead }) => isRead).map(({ seq }) => seq)),
    troubles: [...troubles].flatMap(({ textContent }) => textContent || []),
    notice: document.querySelector(".banners .notice")?.textContent ?? "",
  };
}
