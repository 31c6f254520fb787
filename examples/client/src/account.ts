import {
  type AuthRequest,
  type AuthResponse,
  type ChatSummary,
  LacreError,
  preparePassword,
} from "lacre";
import { Api } from "./api.js";
import {
  LoginEndedError,
  NotLoggedInError,
  NotThisProtocolError,
  ServerRejectionError,
  StoreError,
  UnreachableError,
} from "./errors.js";
import { Tokens } from "./login.js";
import type { Login, LoginStore, OpenStores, Stores } from "./stores.js";

/** Makes an account or logs in to one, and keeps what the server gives for the password. Throws what `Api` throws. */
export async function signIn(
  how: "register" | "login",
  server: string,
  credentials: AuthRequest,
  store: LoginStore,
  openStores: OpenStores,
): Promise<Login> {
  const device_id = await store.deviceId(server);
  const answer = await authenticate(how, new Api(server), { device_id, ...credentials });
  const login = loginOf(server, answer, credentials.username);
  // What is there already is of a server that was at this address before.
  if (how === "register") await (await openStores(login)).clear();
  await store.write(login);
  return login;
}

/**
 * Sends the prepared password; to log in, then the one that was typed, if it differs: an account whose server does not
 * prepare passwords may have that.
 */
async function authenticate(
  how: "register" | "login",
  api: Api,
  credentials: AuthRequest,
): Promise<AuthResponse> {
  const password = preparePassword(credentials.password);
  try {
    return await api[how]({ ...credentials, password });
  } catch (error) {
    const isOther =
      (error instanceof ServerRejectionError && error.status === 401) ||
      (error instanceof LacreError && error.code === "ERR_VALIDATION");
    if (how === "register" || password === credentials.password || !isOther) throw error;
  }
  return api.login(credentials);
}

function loginOf(server: string, answer: AuthResponse, asked: string): Login {
  const { access_token, refresh_token, user_id, username = asked, session_key } = answer;
  if (access_token === undefined || user_id === undefined || session_key === undefined) {
    throw new NotThisProtocolError(server, "a login without a session");
  }
  return { server, user_id, username, access_token, refresh_token, session_key };
}

/** The account that is logged in, its requests to the server, and its stores. */
export class Account {
  readonly login: Login;
  readonly api: Api;
  readonly stores: Stores;
  readonly #loginStore: LoginStore;

  private constructor(
    login: Login,
    loginStore: LoginStore,
    stores: Stores,
    timeout: (() => number) | undefined,
  ) {
    this.login = login;
    this.api = new Api(login.server, new Tokens(loginStore, login), timeout);
    this.stores = stores;
    this.#loginStore = loginStore;
  }

  /** Opens the account that is logged in; `timeout` as for `Api`. Throws NotLoggedInError. */
  static async open(
    loginStore: LoginStore,
    openStores: OpenStores,
    timeout?: () => number,
  ): Promise<Account> {
    const login = await loginStore.read();
    if (login === undefined) throw new NotLoggedInError();
    return new Account(login, loginStore, await openStores(login), timeout);
  }

  get user_id(): number {
    return this.login.user_id;
  }

  get username(): string {
    return this.login.username;
  }

  /**
   * Removes tokens and chat keys here, and has the server end the login. Encrypted messages, pins and what waits to be sent
   * stay for the next login, unless `erase` removes them too. Returns false if the server could not be asked to end it.
   */
  async logout({ erase = false } = {}): Promise<boolean> {
    const isTold = await this.api.logout().then(
      () => true,
      (error) => {
        if (error instanceof LoginEndedError) return true;
        const isExpected =
          error instanceof UnreachableError ||
          error instanceof ServerRejectionError ||
          // What a full disk holds can still be removed.
          error instanceof StoreError;
        if (isExpected) return false;
        throw error;
      },
    );
    await (erase ? this.stores.clear() : this.stores.keys.clear());
    await this.#loginStore.remove();
    if (erase) await this.#loginStore.forgetDevice();
    return isTold;
  }

  /** The chats as the server lists them; or, where it is not to be reached, those that were opened before. */
  async listChats(): Promise<ChatSummary[]> {
    try {
      return await this.askForChats();
    } catch (error) {
      const known = await this.knownChats();
      if (!(error instanceof UnreachableError) || known.length === 0) throw error;
      return known;
    }
  }

  /** Like `listChats`, but also returns what was opened before, maybe nothing, while the server is failing or away. */
  async listChatsForNow(): Promise<ChatSummary[]> {
    try {
      return await this.askForChats();
    } catch (error) {
      const isFailing = error instanceof ServerRejectionError && error.status >= 500;
      if (!(error instanceof UnreachableError || isFailing)) throw error;
      return this.knownChats();
    }
  }

  /** The chats as the server lists them. Throws what `Api` throws. */
  async askForChats(): Promise<ChatSummary[]> {
    const chats = await this.api.listChats();
    await this.#expire(chats);
    return chats;
  }

  /** The chats that were opened before, as they are kept here. */
  async knownChats(): Promise<ChatSummary[]> {
    const pins = await this.stores.pins.list();
    return Promise.all(
      pins.map(async (pin) => ({
        ...pin,
        encryption_type: "as pinned",
        last_seq: (await this.stores.deliveries.cursor(pin.chat_id)) ?? 0,
        unread: 0,
      })),
    );
  }

  /** What is kept here lasts no longer than at the server. */
  async #expire(chats: readonly ChatSummary[]): Promise<void> {
    try {
      for (const { chat_id, expired_until } of chats) {
        if (expired_until !== undefined)
          await this.stores.deliveries.expire(chat_id, expired_until);
      }
    } catch (error) {
      // A store that fails does not keep the user from their chats: it is tried again with the next list.
      if (!(error instanceof StoreError)) throw error;
    }
  }
}
