import { setTimeout as sleep } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import { Actor } from "./actor.js";
import type { Speaker } from "./transcript.js";

/** How often somebody looks at the page, in milliseconds. */
const LOOK_MS = 100;
const PATIENCE_MS = 30_000;

export interface Visit {
  readonly url: string;
  readonly password: string;
  readonly passphrase: string;
}

/** What is to be seen on the page. */
interface View {
  readonly messages: readonly { seq: number; isOwn: boolean; text: string }[];
  readonly readUpTo: number;
  readonly isOnline: boolean;
  readonly troubles: readonly string[];
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
  readonly #seen = new Set<number>();
  #isLooking = true;
  #looking: Promise<void> = Promise.resolve();

  private constructor(name: Speaker, peer: Speaker, page: Page, browser: Browser) {
    super(name);
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
    const actor = new PageActor(name, peer, page, browser);
    page.on("pageerror", ({ message }) => actor.fail(message));
    await page.goto(visit.url);
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
      if (this.#note(await this.#page.evaluate(look, this.#shownUpTo))) this.emit("change");
      await sleep(LOOK_MS);
    }
    this.#takeWhole(await this.#page.evaluate(look, 0));
  }

  /** The seq up to which all was seen. */
  get #shownUpTo(): number {
    let seq = 0;
    while (this.#seen.has(seq + 1)) seq += 1;
    return seq;
  }

  /** Whether there is something new. */
  #note({ messages, readUpTo, isOnline, troubles }: View): boolean {
    const fresh = messages.filter(({ seq }) => !this.#seen.has(seq));
    for (const { seq } of fresh) this.#seen.add(seq);
    this.#take(fresh);
    this.errors.push(...troubles);
    const isNew =
      fresh.length > 0 ||
      troubles.length > 0 ||
      readUpTo > this.readUpTo ||
      isOnline !== this.isOnline;
    this.readUpTo = Math.max(this.readUpTo, readUpTo);
    this.noteConnection(isOnline);
    return isNew;
  }

  /** What counts in the end is what the page shows then, in its order, also what it shows twice. */
  #takeWhole({ messages }: View): void {
    this.sent.length = 0;
    this.received.length = 0;
    this.#take(messages);
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
  const troubles = document.querySelectorAll(".notice, .failure, .unreadable, .pane [role=alert]");
  return {
    messages: all
      .filter(({ seq }) => seq > shownUpTo)
      .map(({ seq, isOwn, message }) => ({
        seq,
        isOwn,
        text: message.querySelector(".text")?.textContent ?? "",
      })),
    readUpTo: Math.max(0, ...all.filter(({ isRead }) => isRead).map(({ seq }) => seq)),
    isOnline: document.querySelector(".banner.offline")?.textContent === "",
    troubles: [...troubles].flatMap(({ textContent }) => textContent || []),
  };
}
