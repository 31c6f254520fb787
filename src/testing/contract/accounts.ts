import { decodeBase64 } from "../../bytes.js";
import { type ContractStep, check, checkSame, stepOf } from "./contract-error.js";
import type { Exchange } from "./exchange.js";
import { STEPS } from "./steps.js";
import type { ContractSocket, ContractUser, ContractUsers } from "./target.js";

/** A user in a session. */
export interface User {
  readonly id: number;
  readonly sessionKey: Uint8Array;
  /** Opens a new WebSocket of the session. */
  connect(): Promise<ContractSocket>;
}

/** Creates the users and the chats of one case. */
export interface Accounts<Someone extends User> {
  create(): Promise<Someone>;
  /** Creates a chat in which both users may write. Returns its id. */
  createChat(creator: Someone, peer: Someone): Promise<number>;
  /** The step of opening a user's WebSocket. */
  readonly opening: ContractStep;
  /** Ends the sessions of all users. */
  end(): Promise<void>;
}

/** Creates users and chats with the functions of a target. */
export class OwnAccounts implements Accounts<User> {
  readonly opening = STEPS.openOwn;
  readonly #users: ContractUsers;
  readonly #exchange: Exchange;
  readonly #created = new Map<User, ContractUser>();

  constructor(users: ContractUsers, exchange: Exchange) {
    this.#users = users;
    this.#exchange = exchange;
  }

  create(): Promise<User> {
    return stepOf(STEPS.ownUser, () => this.#create());
  }

  createChat(creator: User, peer: User): Promise<number> {
    return stepOf(STEPS.ownChat, async () => {
      const [one, other] = [this.#created.get(creator)!, this.#created.get(peer)!];
      const id = await this.#users.createChat(one, other);
      check(isId(id), "users.createChat() to return a chat's id from 1", id);
      this.#exchange.add(`users.createChat() of users ${creator.id} and ${peer.id} -> chat ${id}`);
      return id;
    });
  }

  async #create(): Promise<User> {
    const created = await this.#users.create();
    const { user_id, session_key } = created;
    const bytes = typeof session_key === "string" ? decodeBase64(session_key) : session_key;
    check(isId(user_id), "users.create() to return a user_id from 1", user_id);
    checkSame("the length of session_key of users.create()", bytes?.length, 32);
    const user = {
      id: user_id,
      sessionKey: bytes!.slice(),
      connect: async () => created.connect(),
    };
    this.#created.set(user, created);
    this.#exchange.add(`users.create() -> user ${user_id}`);
    return user;
  }

  async end(): Promise<void> {
    await Promise.allSettled([...this.#created.values()].map((user) => this.#users.end?.(user)));
  }
}

/** Returns whether a value is an id (docs/PROTOCOL.md, section 7). */
export function isId(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}
