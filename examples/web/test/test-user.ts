import { deepEqual } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { isDeepStrictEqual } from "node:util";
import type { BrowserContext, Locator, Page } from "playwright-core";
import { until } from "../../server/harness/until.js";
import { acceptChat, PASSWORD } from "./accept-chat.js";
import type { TcpProxy } from "./proxy.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Long enough for a machine whose cores other processes use too. */
const TIMEOUT_SECONDS = 45;

export { PASSWORD };

export const PASSPHRASE = "cuatro palabras que nadie adivina";

interface AxeViolation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** A user with a page. Clicks and types, and finds elements by the names that a screen reader announces. */
export class TestUser {
  readonly name: string;
  readonly proxy: TcpProxy;
  readonly context: BrowserContext;
  /** Policy violations, dialogs, uncaught errors, and requests to other origins. */
  readonly problems: string[] = [];
  page!: Page;

  constructor(name: string, proxy: TcpProxy, context: BrowserContext) {
    this.name = name;
    this.proxy = proxy;
    this.context = context;
    context.setDefaultTimeout(TIMEOUT_SECONDS * 1000);
  }

  async openPage(): Promise<void> {
    await this.context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
        console.error(`policy violated: ${violatedDirective} ${blockedURI}`);
      });
    });
    const delay = Number(process.env.LACRE_PAGE_DELAY ?? 0);
    if (delay > 0) await delayTimers(this.context, delay);
    this.page = await this.openTab();
  }

  /** Opens the page in another tab of the same browser. */
  async openTab(): Promise<Page> {
    const page = await newPageIn(this.context);
    const report = (what: string) => this.problems.push(`${this.name}: ${what}`);
    page.on("dialog", (dialog) => {
      report(`dialog ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("pageerror", ({ message }) => {
      // Firefox reports a failed WebSocket as an uncaught error of the page.
      if (!/establish a connection to the server at ws/.test(message)) report(`error ${message}`);
    });
    page.on("console", (message) => {
      if (/violat|Content.Security|Trusted/i.test(message.text())) report(message.text());
    });
    page.on("request", (request) => {
      const { origin, protocol } = new URL(request.url());
      if (origin !== this.proxy.url && protocol !== "ws:") report(`requests ${request.url()}`);
    });
    await page.goto(this.proxy.url);
    return page;
  }

  async close(): Promise<void> {
    await this.context.close();
    await this.proxy.cut();
  }

  button(name: string): Locator {
    return this.page.getByRole("button", { name });
  }

  get composer(): Locator {
    return this.page.getByRole("textbox", { name: "Message to" });
  }

  async signUp(): Promise<void> {
    await this.button("Create an account").click();
    await this.#enter("Create account");
  }

  async signIn(): Promise<void> {
    await this.#enter("Sign in");
  }

  async #enter(action: string): Promise<void> {
    await this.page.getByLabel("Username", { exact: true }).fill(this.name);
    await this.page.getByLabel("Password").fill(PASSWORD);
    await this.page.getByRole("button", { name: action, exact: true }).click();
    await this.page.getByLabel("Find people").waitFor();
  }

  async find(name: string): Promise<void> {
    await this.page.getByLabel("Find people").fill(name);
    await this.page.getByRole("search").getByRole("link", { name }).click();
  }

  /** Begins a chat, and accepts it on another device of the peer. */
  async beginChat(name: string, passphrase = PASSPHRASE): Promise<void> {
    await this.requestChat(name, passphrase);
    await acceptChat(this.proxy.url, name, this.name);
  }

  /** Begins a chat, which the peer has yet to accept. */
  async requestChat(name: string, passphrase = PASSPHRASE): Promise<void> {
    await this.find(name);
    await this.page.getByLabel("Passphrase", { exact: true }).fill(passphrase);
    await this.page.getByLabel("Passphrase, again").fill(passphrase);
    await this.button("Begin the chat").click();
    await this.composer.waitFor();
  }

  chatLink(name: string): Locator {
    return this.page.getByRole("navigation").getByRole("link", { name });
  }

  async openChat(name: string, passphrase = PASSPHRASE): Promise<void> {
    await this.chatLink(name).click();
    await this.unlock(passphrase);
    await this.composer.waitFor();
  }

  async unlock(passphrase: string): Promise<void> {
    await this.page.getByLabel("Passphrase", { exact: true }).fill(passphrase);
    await this.button("Open the chat").click();
  }

  async send(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press("Enter");
  }

  /** Presses the Enter that confirms a composition. Safari ends the composition before it fires the event for this key. */
  async confirmComposition(): Promise<void> {
    await this.composer.evaluate((field) => {
      const init = { key: "Enter", bubbles: true, cancelable: true };
      const event = new KeyboardEvent("keydown", init);
      Object.defineProperty(event, "keyCode", { value: 229 });
      field.dispatchEvent(event);
    });
  }

  /** Returns the texts of the open chat that are in the document. */
  messages(): Promise<string[]> {
    return this.page.locator(".text").evaluateAll((all) => all.map((one) => one.textContent ?? ""));
  }

  /** Waits until the open chat shows exactly these texts. Brings the page to the front, so that they are marked as read. */
  async waitForMessages(...texts: string[]): Promise<void> {
    await this.page.bringToFront();
    await waitForValue(() => this.messages(), texts);
  }

  /** Like `waitForMessages`, for the last texts: not all messages of a long chat are in the document. */
  async waitForLastMessages(...texts: string[]): Promise<void> {
    await this.page.bringToFront();
    await waitForValue(async () => (await this.messages()).slice(-texts.length), texts);
  }

  get timeline(): Locator {
    return this.page.getByRole("log");
  }

  async waitForText(text: string | RegExp): Promise<void> {
    await this.page.getByText(text).filter({ visible: true }).first().waitFor();
  }

  /** Waits until the user's own messages have exactly these ticks. */
  async waitForTicks(...ticks: string[]): Promise<void> {
    const all = this.page.locator(".ticks");
    const names = () => all.evaluateAll((some) => some.map((one) => one.getAttribute("title")));
    await waitForValue(names, ticks);
  }

  /** Returns the violations on the page as it is that axe-core rates serious or critical. */
  async accessibilityViolations(): Promise<string[]> {
    await this.page.evaluate(axe);
    const violations = await this.page.evaluate<AxeViolation[]>(
      `axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations)`,
    );
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  }

  /** Returns the browser's data for the page as JSON text: bytes as latin1, and for each key whether it is extractable. */
  storedData(): Promise<string> {
    return this.page.evaluate(async () => {
      const replacer = (_: string, value: unknown) => {
        if (value instanceof CryptoKey) return `CryptoKey extractable=${value.extractable}`;
        if (value instanceof Uint8Array) return String.fromCharCode(...value);
        return value;
      };
      const all: unknown[] = [{ ...localStorage }, { ...sessionStorage }];
      for (const { name = "" } of await indexedDB.databases()) {
        const database = await new Promise<IDBDatabase>((resolve, reject) => {
          const opening = indexedDB.open(name);
          opening.onsuccess = () => resolve(opening.result);
          opening.onerror = () => reject(opening.error);
        });
        for (const store of database.objectStoreNames) {
          const values = await new Promise((resolve) => {
            const asking = database.transaction(store).objectStore(store).getAll();
            asking.onsuccess = () => resolve(asking.result);
          });
          all.push({ [`${name} ${store}`]: values });
        }
        database.close();
      }
      return JSON.stringify(all, replacer);
    });
  }
}

/** Delays the frames and timers of the pages that are opened from now on, in milliseconds, as on a busy machine. */
export async function delayTimers(context: BrowserContext, delay: number): Promise<void> {
  await context.addInitScript((ms) => {
    const { setTimeout, requestAnimationFrame } = window;
    window.setTimeout = ((then: () => void, after = 0, ...given: []) =>
      setTimeout(then, after + ms, ...given)) as typeof setTimeout;
    window.requestAnimationFrame = (then) => setTimeout(() => requestAnimationFrame(then), ms);
  }, delay);
}

/** Waits until `read` returns the expected value. @throws {AssertionError} with the difference after TIMEOUT_SECONDS. */
async function waitForValue<Value>(read: () => Promise<Value>, expected: Value): Promise<void> {
  const isSame = async () => isDeepStrictEqual(await read(), expected);
  if (!(await until(isSame, TIMEOUT_SECONDS))) deepEqual(await read(), expected);
}

/** Opens an empty page. Retries if Firefox looked for the tab of its new window before the window was ready, as on a busy machine. */
async function newPageIn(context: BrowserContext): Promise<Page> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await context.newPage();
    } catch (error) {
      const isWindowNotReady = /getTabBrowser\(\.\.\.\) is undefined/.test(String(error));
      if (!isWindowNotReady || attempt === 3) throw error;
    }
  }
}
