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

/**
 * Registers an account or logs in to one, and stores the login.
 *
 * @throws what the methods of `Api` throw.
 * @throws {StoreError} if the login cannot be stored.
 */
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
  // A new account has no stored data: this data belongs to another server that had this address before.
  if (how === "register") await (await openStores(login)).clear();
  await store.write(login);
  return login;
}

/**
 * Sends the prepared password. If a login fails, sends the raw password instead, if that differs. A server that does not
 * prepare passwords has stored a hash of the raw one.
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

/** The account that is logged in, with its API client and its stores. */
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

  /**
   * Opens the account that is logged in. `timeout` is that of `Api`.
   *
   * @throws {NotLoggedInError} if no account is logged in.
   */
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
   * Removes the tokens and chat keys from the stores, and ends the session on the server. Encrypted messages, pins and the
   * outbox remain for the next login; `erase` removes them too. Returns false if the request to the server failed: the
   * session may still be active.
   */
  async logout({ erase = false } = {}): Promise<boolean> {
    const isEnded = await this.api.logout().then(
      () => true,
      (error) => {
        if (error instanceof LoginEndedError) return true;
        const isExpected =
          error instanceof UnreachableError ||
          error instanceof ServerRejectionError ||
          // A full disk prevents writing, but not removing.
          error instanceof StoreError;
        if (isExpected) return false;
        throw error;
      },
    );
    await (erase ? this.stores.clear() : this.stores.keys.clear());
    await this.#loginStore.remove();
    if (erase) await this.#loginStore.forgetDevice();
    return isEnded;
  }

  /**
   * Lists the chats. If the server is unreachable, lists the pinned chats.
   *
   * @throws {UnreachableError} if the server is unreachable and no chat is pinned.
   */
  async listChats(): Promise<ChatSummary[]> {
    try {
      return await this.askForChats();
    } catch (error) {
      const known = await this.knownChats();
      if (!(error instanceof UnreachableError) || known.length === 0) throw error;
      return known;
    }
  }

  /** Like `listChats`, but lists the pinned chats also after a 5xx response, and even if there are none. */
  async listChatsForNow(): Promise<ChatSummary[]> {
    try {
      return await this.askForChats();
    } catch (error) {
      const isFailing = error instanceof ServerRejectionError && error.status >= 500;
      if (!(error instanceof UnreachableError || isFailing)) throw error;
      return this.knownChats();
    }
  }

  /**
   * Lists the chats on the server.
   *
   * @throws what `Api.listChats` throws.
   */
  async askForChats(): Promise<ChatSummary[]> {
    const chats = await this.api.listChats();
    await this.#expire(chats);
    return chats;
  }

  /** Lists the pinned chats, which are those that were opened on this device. */
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

  /** Deletes the stored messages that are expired on the server. */
  async #expire(chats: readonly ChatSummary[]): Promise<void> {
    try {
      for (const { chat_id, expired_until } of chats) {
        if (expired_until !== undefined)
          await this.stores.deliveries.expire(chat_id, expired_until);
      }
    } catch (error) {
      // Return the chats even if the store fails. The next list deletes the expired messages.
      if (!(error instanceof StoreError)) throw error;
    }
  }
}
