import { type Api, type Bearer, Api as HttpApi } from "./api.js";
import {
  LoginEndedError,
  NotLoggedInError,
  NotThisProtocolError,
  ServerRejectionError,
} from "./errors.js";
import type { Login, LoginStore } from "./stores.js";

/** The tokens of a login, which all programs and tabs of it share: a refresh token is good once, and for one of them. */
export class Tokens implements Bearer {
  readonly #store: LoginStore;
  readonly #api: Api;
  #accessToken: string;
  #renewing: Promise<void> | undefined;
  /** A login with renewed tokens that could not be stored. The server does not accept those that are stored any more. */
  #unstored: Login | undefined;

  constructor(store: LoginStore, { server, access_token }: Login) {
    this.#store = store;
    this.#api = new HttpApi(server);
    this.#accessToken = access_token;
  }

  get accessToken(): string {
    return this.#accessToken;
  }

  /**
   * Gets new tokens in place of those that came with `refused`, once for all concurrent calls. Throws LoginEndedError if this
   * needs a password, and what `Api` throws if it may succeed later.
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
    if (login === undefined) throw new NotLoggedInError();
    // Another program may have renewed this login or begun another one: its tokens are the ones to use.
    const isRenewed = login.access_token !== this.#accessToken;
    if (isRenewed) {
      this.#unstored = undefined;
      this.#accessToken = login.access_token;
    } else await this.#keep(this.#unstored ?? (await this.#exchange(login)));
  }

  async #keep(login: Login): Promise<void> {
    this.#unstored = login;
    await this.#store.write(login);
    this.#unstored = undefined;
    this.#accessToken = login.access_token;
  }

  async #exchange({ is_renewing = false, ...login }: Login): Promise<Login> {
    const { refresh_token } = login;
    if (refresh_token === undefined) throw new LoginEndedError("ended");
    // Noted before it is sent: should the answer get lost, the next attempt can tell why it fails.
    await this.#store.write({ ...login, is_renewing: true });
    try {
      const device_id = await this.#store.deviceId(login.server);
      const answer = await this.#api.refresh(refresh_token, device_id);
      const { access_token } = answer;
      if (access_token === undefined) {
        throw new NotThisProtocolError(login.server, "a renewal without a token");
      }
      return { ...login, access_token, refresh_token: answer.refresh_token };
    } catch (error) {
      if (!(error instanceof ServerRejectionError)) throw error;
      if (error.status === 401) throw new LoginEndedError(is_renewing ? "answer lost" : "ended");
      // Refused before the token was looked at.
      if (error.status < 500) await this.#store.write({ ...login, is_renewing });
      throw error;
    }
  }
}
