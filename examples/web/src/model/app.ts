import { signal } from "@preact/signals";
import { Account, LoginEnded, NotLoggedIn, signIn } from "lacre-client";
import { type BrowserStores, openBrowserStores } from "lacre-client/web";
import { Home } from "./home.js";
import { replaceRoute } from "./route.js";
import { takeTurns } from "./tab.js";

export type Screen =
  | { readonly name: "starting" }
  /** Another tab has the account. */
  | { readonly name: "elsewhere"; readonly take: () => void }
  /** `reason` is why somebody who was signed in no longer is. */
  | { readonly name: "signed out"; readonly reason?: string }
  | { readonly name: "home"; readonly home: Home }
  /** Nothing goes on, until somebody tries again. */
  | { readonly name: "stopped"; readonly reason: string };

/** The page: who is signed in, if anybody is. */
export class App {
  readonly screen = signal<Screen>({ name: "starting" });
  readonly #server = location.origin;
  #stores: BrowserStores | undefined;
  #home: Home | undefined;

  async run(): Promise<void> {
    try {
      this.#stores = await openBrowserStores();
    } catch (error) {
      this.#stop(error);
      return;
    }
    await takeTurns({
      elsewhere: (take) => this.#show({ name: "elsewhere", take }),
      begin: () => this.begin(),
      end: () => this.#leave(),
    });
  }

  /** Goes on as whoever is signed in. */
  async begin(): Promise<void> {
    this.#show({ name: "starting" });
    const { login, openStores, choices } = this.#stores!;
    try {
      const account = await Account.open(login, openStores);
      this.#home = await Home.open(account, choices, (error) => void this.#end(error));
      this.#show({ name: "home", home: this.#home });
    } catch (error) {
      await this.#end(error);
    }
  }

  /** Throws what `signIn` of lacre-client throws. */
  async signIn(how: "register" | "login", username: string, password: string): Promise<void> {
    const { login, openStores } = this.#stores!;
    await signIn(how, this.#server, { username, password }, login, openStores);
    await this.begin();
  }

  /** What was not sent stays, encrypted, until the same person signs in again. */
  async signOut(): Promise<void> {
    const home = this.#home;
    if (home === undefined) return;
    await this.#leave();
    const isTold = await home.account.logout();
    replaceRoute("#");
    const reason =
      "You are signed out here, but the server could not be told: its session lasts until it expires.";
    this.#show({ name: "signed out", ...(!isTold && { reason }) });
  }

  async #end(error: unknown): Promise<void> {
    await this.#leave();
    if (error instanceof NotLoggedIn) return this.#show({ name: "signed out" });
    if (!(error instanceof LoginEnded)) return this.#stop(error);
    await this.#stores!.login.remove();
    this.#show({ name: "signed out", reason: error.message });
  }

  async #leave(): Promise<void> {
    const home = this.#home;
    this.#home = undefined;
    await home?.close();
  }

  #stop(error: unknown): void {
    this.#show({ name: "stopped", reason: reasonOf(error) });
  }

  #show(screen: Screen): void {
    this.screen.value = screen;
  }
}

/** What a person is told of an error. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
