import { readFileSync } from "node:fs";
import { join } from "node:path";
import { addNames, type GroupMessage, NO_TITLE, nameIn, titleAfter } from "lacre-client/groups";
import { writeFile } from "lacre-client/node";
import * as z from "zod/mini";
import { CommandError } from "../command-error.js";

const count = z.int().check(z.nonnegative());

const Group = z.object({
  title: z.optional(z.string()),
  /** Seq of the message with the title; 0 if it was not received. */
  titledAt: count,
  /** Seq of the last commit that added devices. They have not received an earlier title. */
  addedAt: count,
  /** Seq of the last message that was shown. */
  shown: count,
});
type Group = z.output<typeof Group>;

const Book = z.object({
  groups: z.record(z.string(), Group),
  /** Names of users by their ids, as the server first said them. */
  users: z.record(z.string(), z.string()),
});

const NEW: Group = { ...NO_TITLE, shown: 0 };

/** What a profile remembers of its groups, beside their states: their names, and how far they were shown. */
export class GroupBook {
  readonly #path: string;
  readonly #book: z.output<typeof Book>;

  /** Reads the book of an account. `folder` is that of the account's MLS chats. */
  constructor(folder: string) {
    this.#path = join(folder, "groups.json");
    this.#book = this.#read();
  }

  /** Ids of the groups that this profile knows. */
  get ids(): number[] {
    return Object.keys(this.#book.groups).map(Number);
  }

  get(chatId: number): Group {
    return this.#book.groups[chatId] ?? NEW;
  }

  has(chatId: number): boolean {
    return this.#book.groups[chatId] !== undefined;
  }

  /** Returns the name of a group, or its id as `#ID`, which stands for a group in commands. */
  nameOf(chatId: number): string {
    return this.get(chatId).title ?? `#${chatId}`;
  }

  /**
   * Returns the id of the group with a name, or for `#ID`.
   *
   * @throws {CommandError} if several groups have the name.
   */
  find(name: string): number | undefined {
    const [, id] = /^#(\d{1,15})$/.exec(name) ?? [];
    if (id !== undefined) return Number(id);
    const found = this.ids.filter((chatId) => this.get(chatId).title === name);
    if (found.length <= 1) return found[0];
    const ids = found.map((chatId) => `#${chatId}`).join(", ");
    throw new CommandError(`several groups are named ${name}: use one of ${ids} instead`);
  }

  change(chatId: number, fields: Partial<Group>): void {
    this.#book.groups[chatId] = { ...this.get(chatId), ...fields };
    this.#write();
  }

  /** Notes what a message says about the names of its group. */
  note(message: GroupMessage): void {
    const known = this.get(message.chat_id);
    const changed = titleAfter(known, message);
    if (changed !== known) this.change(message.chat_id, changed);
  }

  userName(userId: number): string {
    return nameIn(this.#book.users, userId);
  }

  /**
   * Stores the names of users.
   *
   * @throws {UserChangedError} if the server gives the name of a known user to another one.
   */
  addUsers(users: Iterable<{ readonly user_id: number; readonly username: string }>): void {
    if (addNames(this.#book.users, users)) this.#write();
  }

  #read(): z.output<typeof Book> {
    let text: string;
    try {
      text = readFileSync(this.#path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return { groups: {}, users: {} };
      throw new CommandError(`${this.#path} cannot be read (${(error as Error).message})`);
    }
    try {
      return z.parse(Book, JSON.parse(text));
    } catch {
      throw new CommandError(`${this.#path} is damaged: restore it from a backup, or remove it`);
    }
  }

  #write(): void {
    writeFile(this.#path, JSON.stringify(this.#book));
  }
}
