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
import { Home } from "./home.js";
import { replaceRoute } from "./route.js";
import { takeTurns } from "./tab.js";

export type Screen =
  | { readonly name: "starting" }
  /** Another tab has the account. */
  | { readonly name: "elsewhere"; readonly take: () => void }
  /** `reason` is why the user is no longer signed in. */
  | { readonly name: "signed out"; readonly reason?: string }
  | { readonly name: "home"; readonly home: Home }
  /** Nothing goes on until the user tries again. `unsent` are texts that may be in this page alone. */
  | { readonly name: "stopped"; readonly reason: string; readonly unsent: readonly string[] }
  /** The browser has removed what it kept for the page. */
  | { readonly name: "erased"; readonly unsent: readonly string[] };

/** The page: which user is signed in, if one is. */
export class App {
  readonly screen = signal<Screen>({ name: "starting" });
  #stores: BrowserStores | undefined;
  #home: Home | undefined;
  #isEnding = false;

  async run(): Promise<void> {
    try {
      const closed = () => void this.#end(new StoreError("the browser closed its database"));
      this.#stores = await openBrowserStores(closed);
    } catch (error) {
      return this.#show({ name: "stopped", reason: plainSentence(error), unsent: [] });
    }
    await takeTurns({
      elsewhere: (take) => this.#show({ name: "elsewhere", take }),
      begin: () => this.begin(),
      end: () => this.#leave(),
    });
  }

  /** Goes on as the user who is signed in. */
  async begin(): Promise<void> {
    this.#show({ name: "starting" });
    const { login, openStores, openDrafts, choices } = this.#stores!;
    try {
      const account = await Account.open(login, openStores);
      const drafts = await openDrafts(account.login);
      this.#home = await Home.open(account, choices, drafts, (error) => void this.#end(error));
      this.#show({ name: "home", home: this.#home });
    } catch (error) {
      await this.#end(error);
    }
  }

  /** Throws what `signIn` of lacre-client throws. */
  async signIn(how: "register" | "login", username: string, password: string): Promise<void> {
    const { login, openStores } = this.#stores!;
    await signIn(how, PAGE_SERVER, { username, password }, login, openStores);
    await this.begin();
  }

  /**
   * Messages, and what was not sent, stay in the browser, encrypted, until the same person signs in again; or nothing does,
   * where `erase` is set.
   */
  async signOut({ erase = false } = {}): Promise<void> {
    const home = this.#home;
    if (home === undefined) return;
    await this.#leave();
    let isTold: boolean;
    try {
      isTold = await home.account.logout({ erase });
    } catch (error) {
      const reason = `Not everything was removed from this device. ${plainSentence(error)}`;
      return this.#show({ name: "stopped", reason, unsent: [] });
    }
    replaceRoute("#");
    const reason =
      "You are signed out here, but the server could not be told: its session lasts until it expires.";
    this.#show({ name: "signed out", ...(!isTold && { reason }) });
  }

  async #end(error: unknown): Promise<void> {
    // Where both databases are closed, each says so.
    if (this.#isEnding || this.screen.peek().name === "erased") return;
    this.#isEnding = true;
    try {
      await this.#conclude(error);
    } finally {
      this.#isEnding = false;
    }
  }

  async #conclude(error: unknown): Promise<void> {
    const home = this.#home;
    await this.#leave();
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

  async #leave(): Promise<void> {
    const home = this.#home;
    this.#home = undefined;
    await home?.close();
  }

  #show(screen: Screen): void {
    this.screen.value = screen;
  }
}

/** Between two attempts to open a database again, in milliseconds: browsers let no one do that while they remove it. */
const PAUSE = 200;

/** Whether the user's sign-in is gone: databases that the browser removed open again, and are empty. */
async function isErased(): Promise<boolean> {
  for (let attempt = 0; attempt < 10; attempt++) {
    try {
      const { login } = await openBrowserStores();
      return (await login.read()) === undefined;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }
  return false;
}
