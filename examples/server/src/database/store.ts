import type { Kysely } from "kysely";
import { AppendQueries } from "./append-queries.js";
import { atomically } from "./atomically.js";
import { ChatQueries } from "./chat-queries.js";
import { ChatOfMemberQueries } from "./chats-of-member.js";
import { CommitQueries } from "./commit-queries.js";
import { DeviceQueries } from "./device-queries.js";
import { HistoryQueries } from "./history-queries.js";
import { KeyPackageQueries } from "./key-package-queries.js";
import { MessagePageQueries } from "./message-pages.js";
import { MessageQueries } from "./message-queries.js";
import type { Schema } from "./schema.js";
import { ServerKeyQueries } from "./server-key-queries.js";
import { SessionQueries } from "./session-queries.js";
import { UserQueries } from "./user-queries.js";

/** Provides all reads and writes of the server's database. */
export class Store {
  readonly #db: Kysely<Schema>;
  readonly users: UserQueries;
  readonly sessions: SessionQueries;
  readonly chats: ChatQueries;
  readonly chatsOfMember: ChatOfMemberQueries;
  readonly appends: AppendQueries;
  readonly messages: MessageQueries;
  readonly messagePages: MessagePageQueries;
  readonly commits: CommitQueries;
  readonly devices: DeviceQueries;
  readonly keyPackages: KeyPackageQueries;
  readonly history: HistoryQueries;
  readonly serverKeys: ServerKeyQueries;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
    this.users = new UserQueries(db);
    this.sessions = new SessionQueries(db);
    this.chats = new ChatQueries(db);
    this.chatsOfMember = new ChatOfMemberQueries(db);
    this.appends = new AppendQueries(db);
    this.messages = new MessageQueries(db);
    this.messagePages = new MessagePageQueries(db);
    this.commits = new CommitQueries(db);
    this.devices = new DeviceQueries(db);
    this.keyPackages = new KeyPackageQueries(db);
    this.history = new HistoryQueries(db);
    this.serverKeys = new ServerKeyQueries(db);
  }

  /** Runs `work` with a store inside a transaction, and rolls back if `work` rejects. */
  transaction<Result>(work: (store: Store) => Promise<Result>): Promise<Result> {
    return atomically(this.#db, (db) => work(new Store(db)));
  }

  close(): Promise<void> {
    return this.#db.destroy();
  }
}
