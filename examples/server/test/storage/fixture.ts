import type { Kysely } from "kysely";
import type { DatabaseKind } from "../../harness/processes/database.js";
import type { Chat } from "../../src/database/members.js";
import { migrate } from "../../src/database/migrator.js";
import { openDatabase } from "../../src/database/open-database.js";
import type { Schema, User } from "../../src/database/schema.js";
import { Store } from "../../src/database/store.js";
import { createDatabase, type ScratchDatabase } from "./databases.js";
import { createChat, createUser } from "./rows.js";

/** A migrated database with the users alice, bob and carol, and an accepted chat of alice and bob. */
export class StorageFixture {
  readonly scratch: ScratchDatabase;
  readonly stores: Store[] = [];
  alice!: User;
  bob!: User;
  carol!: User;
  chat!: Chat;

  private constructor(scratch: ScratchDatabase) {
    this.scratch = scratch;
  }

  static async create(kind: DatabaseKind): Promise<StorageFixture> {
    const fixture = new StorageFixture(await createDatabase(kind));
    await migrate(fixture.scratch.config);
    const store = fixture.open();
    fixture.alice = await createUser(store, "alice");
    fixture.bob = await createUser(store, "bob");
    fixture.carol = await createUser(store, "carol");
    fixture.chat = await createChat(store, fixture.alice, fixture.bob);
    return fixture;
  }

  get store(): Store {
    return this.stores[0]!;
  }

  /** Opens another store, as another instance of the server does. */
  open(): Store {
    const store = new Store(openDatabase(this.scratch.config));
    this.stores.push(store);
    return store;
  }

  /** Opens the database for queries that no store offers. */
  database(): Kysely<Schema> {
    return openDatabase(this.scratch.config);
  }

  async remove(): Promise<void> {
    await Promise.all(this.stores.map((store) => store.close()));
    await this.scratch.remove();
  }
}
