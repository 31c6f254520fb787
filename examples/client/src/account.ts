import type { AuthRequest, AuthResponse, ChatSummary } from "lacre";
import { Api } from "./api.js";
import { LoginEnded, NotLoggedIn, NotThisProtocol, ServerRefusal, Unreachable } from "./errors.js";
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
  const login = loginOf(server, await new Api(server)[how](credentials), credentials.username);
  // What is there already is of a server that was at this address before.
  if (how === "register") await (await openStores(login)).clear();
  await store.write(login);
  return login;
}

function loginOf(server: string, answer: AuthResponse, asked: string): Login {
  const { access_token, refresh_token, user_id, username = asked, session_key } = answer;
  if (access_token === undefined || user_id === undefined || session_key === undefined) {
    throw new NotThisProtocol(server, "a login without a session");
  }
  return { server, user_id, username, access_token, refresh_token, session_key };
}

/** Who is logged in, what they may ask the server, and what is kept for them. */
export class Account {
  readonly login: Login;
  readonly api: Api;
  readonly stores: Stores;
  readonly #loginStore: LoginStore;

  private constructor(login: Login, loginStore: LoginStore, stores: Stores) {
    this.login = login;
    this.api = new Api(login.server, new Tokens(loginStore, login));
    this.stores = stores;
    this.#loginStore = loginStore;
  }

  /** The account that is logged in. Throws NotLoggedIn. */
  static async open(loginStore: LoginStore, openStores: OpenStores): Promise<Account> {
    const login = await loginStore.read();
    if (login === undefined) throw new NotLoggedIn();
    return new Account(login, loginStore, await openStores(login));
  }

  get user_id(): number {
    return this.login.user_id;
  }

  get username(): string {
    return this.login.username;
  }

  /**
   * Forgets tokens and chat keys here, and has the server end the login. What waits to be sent stays, for the next login.
   * False if the server could not be told.
   */
  async logout(): Promise<boolean> {
    const isTold = await this.api.logout().then(
      () => true,
      (error) => {
        if (error instanceof LoginEnded) return true;
        if (error instanceof Unreachable || error instanceof ServerRefusal) return false;
        throw error;
      },
    );
    await this.stores.keys.clear();
    await this.#loginStore.remove();
    return isTold;
  }

  /** The chats as the server lists them; or, where it is not to be reached, those that were opened before. */
  async listChats(): Promise<ChatSummary[]> {
    try {
      const chats = await this.api.listChats();
      await this.#expire(chats);
      return chats;
    } catch (error) {
      const pins = await this.stores.pins.list();
      if (!(error instanceof Unreachable) || pins.length === 0) throw error;
      return Promise.all(
        pins.map(async (pin) => ({
          ...pin,
          encryption_type: "as pinned",
          last_seq: (await this.stores.deliveries.cursor(pin.chat_id)) ?? 0,
          unread: 0,
        })),
      );
    }
  }

  /** What is kept here lasts no longer than at the server. */
  async #expire(chats: readonly ChatSummary[]): Promise<void> {
    for (const { chat_id, auto_delete_hours } of chats) {
      if (auto_delete_hours === undefined) continue;
      await this.stores.deliveries.expire(chat_id, Date.now() / 1000 - auto_delete_hours * 3600);
    }
  }
}
