import { setTimeout as sleep } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import { Participant } from "./participant.js";
import type { RecordingProxy } from "./recording-proxy.js";
import type { Speaker } from "./transcript.js";

/** How often the page is read, in milliseconds. */
const POLL_MS = 100;
/** Time limit for one action in the page. It is long enough for a busy machine. */
const PAGE_TIMEOUT_MS = 120_000;
/** Connected clients while there is no outage. */
const CLIENTS = 2;

export interface PageAccess {
  readonly proxy: RecordingProxy;
  readonly password: string;
  readonly passphrase: string;
}

/** The part of the page's content that the demo checks. */
interface PageState {
  readonly messages: readonly { seq: number; isOwn: boolean; text: string }[];
  /** Whether each message is shown once, in the order of the seqs. */
  readonly isInOrder: boolean;
  readonly readUpTo: number;
  readonly failures: readonly string[];
  /** The message of the banner about the account or the network; empty without a banner. */
  readonly notice: string;
}

/** Returns whether a text can be typed into a page: not blank, and without control characters or line separators. */
export function isTypeable(text: string): boolean {
  return text.trim() !== "" && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text);
}

/** A participant that uses the web client in a browser, through the same fields and buttons as a user. */
export class PageParticipant extends Participant {
  readonly client: string;
  readonly #peer: Speaker;
  readonly #page: Page;
  readonly #proxy: RecordingProxy;
  readonly #seen = new Map<number, PageState["messages"][number]>();
  #outages = 0;
  #isStopped = false;
  #polling: Promise<void> = Promise.resolve();

  private constructor(
    name: Speaker,
    peer: Speaker,
    page: Page,
    browser: Browser,
    proxy: RecordingProxy,
  ) {
    super(name);
    this.#proxy = proxy;
    this.client = `web client, ${browser.browserType().name()} ${browser.version()}`;
    this.#peer = peer;
    this.#page = page;
  }

  /** Signs in and opens the chat, which the peer has created. */
  static async enter(
    name: Speaker,
    peer: Speaker,
    browser: Browser,
    access: PageAccess,
  ): Promise<PageParticipant> {
    const page = await browser.newPage();
    page.setDefaultTimeout(PAGE_TIMEOUT_MS);
    const participant = new PageParticipant(name, peer, page, browser, access.proxy);
    page.on("pageerror", ({ message }) => participant.fail(message));
    await page.goto(access.proxy.url);
    await page.getByLabel("Username").fill(name);
    await page.getByLabel("Password").fill(access.password);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("navigation").getByRole("link", { name: peer }).click();
    await page.getByLabel("Passphrase", { exact: true }).fill(access.passphrase);
    await page.getByRole("button", { name: "Open the chat" }).click();
    await participant.#composer.waitFor();
    participant.#polling = participant
      .#poll()
      .catch((error: Error) => participant.fail(error.message));
    return participant;
  }

  override async send(text: string): Promise<void> {
    await this.#composer.fill(text);
    await this.#composer.press("Enter");
  }

  override async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#polling;
    await this.#page.context().close();
  }

  override async kill(): Promise<void> {
    await this.#page.context().close();
  }

  get #composer() {
    return this.#page.getByRole("textbox", { name: `Message to ${this.#peer}` });
  }

  async #poll(): Promise<void> {
    while (!this.#isStopped) {
      const hadOutage = this.#hadOutage();
      const state = await this.#page.evaluate(readPage, this.#seenUpTo);
      if (state.notice !== "") await this.#dismiss(state.notice, hadOutage);
      if (this.#record(state)) this.emit("change");
      await sleep(POLL_MS);
    }
    const last = await this.#page.evaluate(readPage, 0);
    if (!last.isInOrder) this.fail("the page shows a message twice, or out of order");
    this.#replaceRecords(last.messages);
  }

  /** Returns whether there is an outage, or was one since the last poll. The page may show an error notice then. */
  #hadOutage(): boolean {
    const { outages, welcomed } = this.#proxy;
    const isNew = outages !== this.#outages;
    this.#outages = outages;
    return isNew || welcomed < CLIENTS;
  }

  async #dismiss(notice: string, hadOutage: boolean): Promise<void> {
    if (!hadOutage) this.fail(notice);
    await this.#page.locator(".banners .notice button").click();
  }

  /** The last seq before the first gap in what was seen. */
  get #seenUpTo(): number {
    let seq = 0;
    while (this.#seen.has(seq + 1)) seq += 1;
    return seq;
  }

  /** Records what is new in the page. Returns whether anything is. */
  #record({ messages, readUpTo, failures }: PageState): boolean {
    const fresh = messages.filter(({ seq }) => !this.#seen.has(seq));
    for (const message of fresh) this.#seen.set(message.seq, message);
    this.#append(fresh);
    this.errors.push(...failures);
    const isNew = fresh.length > 0 || failures.length > 0 || readUpTo > this.readUpTo;
    this.readUpTo = Math.max(this.readUpTo, readUpTo);
    return isNew;
  }

  /**
   * Replaces `sent` and `received` with the messages that the page shows at the end, in its order and with duplicates.
   * Messages seen earlier that the page no longer renders, because they are scrolled out of view, come first.
   */
  #replaceRecords(shown: PageState["messages"]): void {
    const shownSeqs = new Set(shown.map(({ seq }) => seq));
    const hidden = [...this.#seen.values()].filter(({ seq }) => !shownSeqs.has(seq));
    this.sent.length = 0;
    this.received.length = 0;
    this.#append([...hidden, ...shown]);
  }

  #append(messages: PageState["messages"]): void {
    for (const { seq, isOwn, text } of messages) {
      if (isOwn) this.sent.push({ seq, text });
      else this.received.push({ seq, from: this.#peer, text });
    }
  }
}

/**
 * Reads the page. Playwright runs this function in the page. It declares no named function: tsx wraps
 * those in a call of its own function, which does not exist in the page.
 */
function readPage(seenUpTo: number): PageState {
  const all = [...document.querySelectorAll<HTMLElement>(".message[data-seq]")].map((message) => ({
    seq: Number(message.dataset.seq),
    isOwn: message.classList.contains("own"),
    isRead: message.querySelector(".ticks.read") !== null,
    message,
  }));
  const failures = document.querySelectorAll(".failure, .unreadable, .pane [role=alert]");
  return {
    messages: all
      .filter(({ seq }) => seq > seenUpTo)
      .map(({ seq, isOwn, message }) => ({
        seq,
        isOwn,
        text: message.querySelector(".text")?.textContent ?? "",
      })),
    isInOrder: all.every(({ seq }, at) => at === 0 || seq > all[at - 1]!.seq),
    readUpTo: Math.max(0, ...all.filter(({ isRead }) => isRead).map(({ seq }) => seq)),
    failures: [...failures].flatMap(({ textContent }) => textContent || []),
    notice: document.querySelector(".banners .notice")?.textContent ?? "",
  };
}
