import { type Api, type Bearer, Api as HttpApi } from "./api.js";
import { LoginEnded, NotLoggedIn, NotThisProtocol, ServerRefusal } from "./errors.js";
import type { Login, LoginStore } from "./stores.js";

/** The tokens of a login, which all programs and tabs of it share: a refresh token is good once, and for one of them. */
export class Tokens implements Bearer {
  readonly #store: LoginStore;
  readonly #api: Api;
  #accessToken: string;
  #renewing: Promise<void> | undefined;

  constructor(store: LoginStore, { server, access_token }: Login) {
    this.#store = store;
    this.#api = new HttpApi(server);
    this.#accessToken = access_token;
  }

  get accessToken(): string {
    return this.#accessToken;
  }

  /**
   * Gets new tokens in place of those that came with `refused`: once, however many ask meanwhile. Throws LoginEnded where
   * that needs a password, and what `Api` throws where it may succeed later.
   */
  async renew(refused: string): Promise<void> {
    if (refused !== this.#accessToken) return;
    this.#renewing ??= this.#store
      .exclusively(() => this.#renew())
      .finally(() => {
        this.#renewing = undefined;
      });
    await this.#renewing;
  }

  async #renew(): Promise<void> {
    const login = await this.#store.read();
    if (login === undefined) throw new NotLoggedIn();
    // Another program of this login may have been here first.
    const isRenewed = login.access_token !== this.#accessToken;
    this.#accessToken = isRenewed ? login.access_token : await this.#exchange(login);
  }

  async #exchange({ is_renewing = false, ...login }: Login): Promise<string> {
    const { refresh_token } = login;
    if (refresh_token === undefined) throw new LoginEnded("ended");
    // Noted before it is sent: should the answer get lost, the next attempt can tell why it fails.
    await this.#store.write({ ...login, is_renewing: true });
    try {
      const answer = await this.#api.refresh(refresh_token);
      const tokens = { access_token: answer.access_token, refresh_token: answer.refresh_token };
      if (tokens.access_token === undefined) {
        throw new NotThisProtocol(login.server, "a renewal without a token");
      }
      await this.#store.write({ ...login, ...tokens, access_token: tokens.access_token });
      return tokens.access_token;
    } catch (error) {
      if (!(error instanceof ServerRefusal)) throw error;
      if (error.status === 401) throw new LoginEnded(is_renewing ? "answer lost" : "ended");
      // Refused before the token was looked at.
      if (error.status < 500) await this.#store.write({ ...login, is_renewing });
      throw error;
    }
  }
}
