import type { Kysely } from "kysely";
import type { DatabaseKind } from "../../harness/processes/database.js";
import { migrate } from "../../src/database/migrator.js";
import { openDatabase } from "../../src/database/open-database.js";
import type { Chat, Schema, User } from "../../src/database/schema.js";
import { Store } from "../../src/database/store.js";
import { createDatabase, type ScratchDatabase } from "./databases.js";
import { createChat, createUser } from "./rows.js";

/** A database with alice, bob and carol in it, of whom the first two have a chat. */
export class Stage {
  readonly scratch: ScratchDatabase;
  readonly stores: Store[] = [];
  alice!: User;
  bob!: User;
  carol!: User;
  chat!: Chat;

  private constructor(scratch: ScratchDatabase) {
    this.scratch = scratch;
  }

  static async set(kind: DatabaseKind): Promise<Stage> {
    const stage = new Stage(await createDatabase(kind));
    await migrate(stage.scratch.config);
    const store = stage.open();
    stage.alice = await createUser(store, "alice");
    stage.bob = await createUser(store, "bob");
    stage.carol = await createUser(store, "carol");
    stage.chat = await createChat(store, stage.alice, stage.bob);
    return stage;
  }

  get store(): Store {
    return this.stores[0]!;
  }

  /** Another instance's store. */
  open(): Store {
    const store = new Store(openDatabase(this.scratch.config));
    this.stores.push(store);
    return store;
  }

  /** For what no store does. */
  database(): Kysely<Schema> {
    return openDatabase(this.scratch.config);
  }

  async clear(): Promise<void> {
    await Promise.all(this.stores.map((store) => store.close()));
    await this.scratch.remove();
  }
}
