import { deepEqual } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { isDeepStrictEqual } from "node:util";
import type { BrowserContext, Locator, Page } from "playwright-core";
import { until } from "../../server/harness/until.js";
import { acceptChat, PASSWORD } from "./accept-chat.js";
import type { Cable } from "./cable.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** On a machine whose cores other processes use too. */
const TIMEOUT_SECONDS = 45;

export { PASSWORD };

export const PASSPHRASE = "cuatro palabras que nadie adivina";

interface AxeViolation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** Somebody with a browser. Does what people do, and finds things as a screen reader names them. */
export class Person {
  readonly name: string;
  readonly cable: Cable;
  readonly context: BrowserContext;
  /** What no page should make its browser say. */
  readonly complaints: string[] = [];
  page!: Page;

  constructor(name: string, cable: Cable, context: BrowserContext) {
    this.name = name;
    this.cable = cable;
    this.context = context;
    context.setDefaultTimeout(TIMEOUT_SECONDS * 1000);
  }

  async visit(): Promise<void> {
    await this.context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
        console.error(`policy violated: ${violatedDirective} ${blockedURI}`);
      });
    });
    this.page = await this.tab();
  }

  /** Another tab of the same browser. */
  async tab(): Promise<Page> {
    const page = await this.context.newPage();
    const complain = (what: string) => this.complaints.push(`${this.name}: ${what}`);
    page.on("dialog", (dialog) => {
      complain(`dialog ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("pageerror", ({ message }) => {
      // Firefox reports a WebSocket that fails as an error of the page's.
      if (!/establish a connection to the server at ws/.test(message)) complain(`error ${message}`);
    });
    page.on("console", (message) => {
      if (/violat|Content.Security|Trusted/i.test(message.text())) complain(message.text());
    });
    page.on("request", (request) => {
      const { origin, protocol } = new URL(request.url());
      if (origin !== this.cable.url && protocol !== "ws:") complain(`asks ${request.url()}`);
    });
    await page.goto(this.cable.url);
    return page;
  }

  async leave(): Promise<void> {
    await this.context.close();
    await this.cable.cut();
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

  /** Begins a chat, which the other person accepts on another device. */
  async beginChat(name: string, passphrase = PASSPHRASE): Promise<void> {
    await this.askForChat(name, passphrase);
    await acceptChat(this.cable.url, name, this.name);
  }

  /** Begins a chat, which the other person has to accept. */
  async askForChat(name: string, passphrase = PASSPHRASE): Promise<void> {
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

  async write(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press("Enter");
  }

  /** The texts of the open chat, exactly. */
  texts(): Promise<string[]> {
    return this.page.locator(".text").evaluateAll((all) => all.map((one) => one.textContent ?? ""));
  }

  /** In front of the person: messages in a window without the focus are not read. */
  async sees(...texts: string[]): Promise<void> {
    await this.page.bringToFront();
    await comesTo(() => this.texts(), texts);
  }

  /** The last texts of the open chat: of a long one not all are in the document. */
  async seesLast(...texts: string[]): Promise<void> {
    await this.page.bringToFront();
    await comesTo(async () => (await this.texts()).slice(-texts.length), texts);
  }

  get timeline(): Locator {
    return this.page.getByRole("log");
  }

  async reads(text: string | RegExp): Promise<void> {
    await this.page.getByText(text).filter({ visible: true }).first().waitFor();
  }

  /** How far our messages have come. */
  async ticks(...ticks: string[]): Promise<void> {
    const all = this.page.locator(".ticks");
    const names = () => all.evaluateAll((some) => some.map((one) => one.getAttribute("title")));
    await comesTo(names, ticks);
  }

  /** What axe-core finds serious or critical on the page as it is. */
  async barriers(): Promise<string[]> {
    await this.page.evaluate(axe);
    const violations = await this.page.evaluate<AxeViolation[]>(
      `axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations)`,
    );
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  }

  /** All that the browser keeps for the page, as text: bytes as latin1, and whether keys can be read out. */
  kept(): Promise<string> {
    return this.page.evaluate(async () => {
      const written = (_: string, value: unknown) => {
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
      return JSON.stringify(all, written);
    });
  }
}

/** Waits until something is as it should be, and says how it differs where it does not become so. */
async function comesTo<Value>(read: () => Promise<Value>, wanted: Value): Promise<void> {
  const isSame = async () => isDeepStrictEqual(await read(), wanted);
  if (!(await until(isSame, TIMEOUT_SECONDS))) deepEqual(await read(), wanted);
}
