import { signal } from "@preact/signals";
import {
  Account,
  LoginEndedError,
  NotLoggedInError,
  plainSentence,
  StoreError,
  signIn,
} from "lacre-client";
import { type BrowserStores, openBrowserStores, PAGE_SERVER } from "lacre-client/web";
import type { UnsentText } from "./conversation.js";
import { Home } from "./home.js";
import { replaceRoute } from "./route.js";
import { runInOneTab } from "./tab.js";

export type Screen =
  | { readonly name: "starting" }
  /** Another tab is active. `take` makes this one active. */
  | { readonly name: "other tab"; readonly take: () => void }
  /** `reason` is why the user is no longer signed in. */
  | { readonly name: "signed out"; readonly reason?: string }
  | { readonly name: "home"; readonly home: Home }
  /** The page has stopped until the user reloads it. `unsent` are texts that may be stored nowhere else. */
  | { readonly name: "stopped"; readonly reason: string; readonly unsent: readonly UnsentText[] }
  /** The browser has removed the site's data. */
  | { readonly name: "erased"; readonly unsent: readonly UnsentText[] };

/** State of the page: whether a user is signed in, and what the page shows. */
export class App {
  readonly screen = signal<Screen>({ name: "starting" });
  #stores: BrowserStores | undefined;
  #home: Home | undefined;
  #isStopping = false;

  async run(): Promise<void> {
    try {
      const closed = () => void this.#stop(new StoreError("the browser closed its database"));
      this.#stores = await openBrowserStores(closed);
    } catch (error) {
      return this.#show({ name: "stopped", reason: plainSentence(error), unsent: [] });
    }
    await runInOneTab({
      onInactive: (take) => this.#show({ name: "other tab", take }),
      start: () => this.start(),
      stop: () => this.#closeHome(),
    });
  }

  /** Opens the account of the user who is signed in, if there is one. */
  async start(): Promise<void> {
    this.#show({ name: "starting" });
    const { login, openStores, openDrafts, choices } = this.#stores!;
    try {
      const account = await Account.open(login, openStores);
      const drafts = await openDrafts(account.login);
      this.#home = await Home.open(account, choices, drafts, (error) => void this.#stop(error));
      this.#show({ name: "home", home: this.#home });
    } catch (error) {
      await this.#stop(error);
    }
  }

  /** Registers or logs in, and opens the account. Throws what `signIn` of lacre-client throws. */
  async signIn(how: "register" | "login", username: string, password: string): Promise<void> {
    const { login, openStores } = this.#stores!;
    await signIn(how, PAGE_SERVER, { username, password }, login, openStores);
    await this.start();
  }

  /** Signs out. Messages, drafts and the outbox stay in the browser, encrypted, unless `erase` removes them too. */
  async signOut({ erase = false } = {}): Promise<void> {
    const home = this.#home;
    if (home === undefined) return;
    await this.#closeHome();
    let isRevoked: boolean;
    try {
      if (erase) await (await import("./group-home.js")).eraseGroups(home.account);
      isRevoked = await home.account.logout({ erase });
    } catch (error) {
      const reason = `Not everything was removed from this device. ${plainSentence(error)}`;
      return this.#show({ name: "stopped", reason, unsent: [] });
    }
    replaceRoute("#");
    const reason =
      "You are signed out here. The server could not be reached: there, your login is valid until it expires.";
    this.#show({ name: "signed out", ...(!isRevoked && { reason }) });
  }

  /** Closes the session after an error, and shows why. */
  async #stop(error: unknown): Promise<void> {
    // Each of the two databases reports when it is closed: handle the first report only.
    if (this.#isStopping || this.screen.peek().name === "erased") return;
    this.#isStopping = true;
    try {
      await this.#showReason(error);
    } finally {
      this.#isStopping = false;
    }
  }

  async #showReason(error: unknown): Promise<void> {
    const home = this.#home;
    await this.#closeHome();
    if (error instanceof LoginEndedError) await this.#stores!.login.remove();
    if (error instanceof NotLoggedInError) return this.#show({ name: "signed out" });
    if (error instanceof LoginEndedError) {
      return this.#show({ name: "signed out", reason: plainSentence(error) });
    }
    const unsent = home?.unsent ?? [];
    const wasErased = home !== undefined && error instanceof StoreError && (await isErased());
    if (wasErased) this.#show({ name: "erased", unsent });
    else this.#show({ name: "stopped", reason: plainSentence(error), unsent });
  }

  async #closeHome(): Promise<void> {
    const home = this.#home;
    this.#home = undefined;
    await home?.close();
  }

  #show(screen: Screen): void {
    this.screen.value = screen;
  }
}

/** Delay between attempts to open a database, in milliseconds: they fail while the browser removes it. */
const RETRY_DELAY = 200;

/** Whether the browser has removed the databases: then they open empty, without a login. */
async function isErased(): Promise<boolean> {
  for (let attempt = 0; attempt < 10; attempt++) {
    try {
      const { login } = await openBrowserStores();
      return (await login.read()) === undefined;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY));
    }
  }
  return false;
}
