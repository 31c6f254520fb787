import { type Api, type Bearer, Api as HttpApi } from "./api.js";
import {
  LoginEndedError,
  NotLoggedInError,
  NotThisProtocolError,
  ServerRejectionError,
} from "./errors.js";
import type { Login, LoginStore } from "./stores.js";

/**
 * Tokens of a login, shared by all of its programs and tabs. A refresh token is valid once, so only one of them may use it.
 */
export class Tokens implements Bearer {
  readonly #store: LoginStore;
  readonly #api: Api;
  #accessToken: string;
  #renewing: Promise<void> | undefined;
  /** Login with new tokens that could not be stored. The server no longer accepts the stored refresh token. */
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
   * Replaces the tokens if the access token is still `refused`. Concurrent calls share one request.
   *
   * @throws {LoginEndedError} if the user must enter the password again.
   * @throws {NotLoggedInError} if the user has logged out.
   * @throws {StoreError} if the login cannot be read or written.
   * @throws what `Api.refresh` throws otherwise: the caller may retry.
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
    // Another program may have renewed or replaced the login: use its tokens.
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
    // Store before sending, so that the next attempt knows that a response may have been lost.
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
      // The server rejected the request without using the token.
      if (error.status < 500) await this.#store.write({ ...login, is_renewing });
      throw error;
    }
  }
}
