import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import type { Browser, BrowserContextOptions } from "playwright-core";
import { ServerProcess } from "../../server/harness/processes/server-process.js";
import { type BrowserName, launch } from "../tools/browsers.js";
import { WEB_ROOT } from "../tools/build-page.js";
import { Cable } from "./cable.js";
import type { Encrypted } from "./companion.js";
import { Person } from "./person.js";

/** A server in a process of its own that serves the built page, and a browser. */
export class Stage {
  readonly #folder = mkdtempSync(join(tmpdir(), "lacre-web-"));
  readonly #people: Person[] = [];
  readonly #names = new Set<string>();
  browser: BrowserName = "chromium";
  #server!: ServerProcess;
  #browser!: Browser;

  async open(name: BrowserName): Promise<void> {
    this.browser = name;
    this.#server = await ServerProcess.create({ databaseUrl: this.databaseUrl, webRoot: WEB_ROOT });
    [this.#browser] = await Promise.all([launch(name), this.#server.start()]);
  }

  get databaseUrl(): string {
    return `sqlite:///${this.#folder}/lacre.db`;
  }

  get serverUrl(): string {
    return this.#server.url;
  }

  /** Somebody who has the page before them, in a browser of their own, by a cable of their own. */
  async person(name: string, options: BrowserContextOptions = {}): Promise<Person> {
    if (this.#names.has(name)) throw new Error(`another test has a person named ${name}`);
    this.#names.add(name);
    const cable = await Cable.lay(this.#server.port);
    const context = await this.#browser.newContext({
      viewport: { width: 1000, height: 700 },
      locale: "en-GB",
      ...options,
    });
    const person = new Person(name, cable, context);
    this.#people.push(person);
    await person.visit();
    return person;
  }

  /** As a machine that loses its power. */
  async kill(): Promise<void> {
    await this.#server.kill();
  }

  async restart(): Promise<void> {
    await this.#server.start();
  }

  /** Changes the database by hand, while the server is down. */
  async tamper(...statements: readonly [sql: string, ...values: unknown[]][]): Promise<void> {
    await this.kill();
    const database = new Database(`${this.#folder}/lacre.db`);
    database.transaction(() => {
      for (const [sql, ...values] of statements) database.prepare(sql).run(...values);
    })();
    database.close();
    await this.restart();
  }

  /** Puts messages in the place of those that a chat has: all but the last `unread` are read. */
  async seed(messages: readonly Encrypted[], unread: number): Promise<void> {
    const insert = `INSERT INTO messages
      (chat_id, sender_id, seq, client_id, encrypted_content, nonce, timestamp, stored_at, digest)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;
    const rows = messages.map((message, at) => {
      const { chat_id, sender_id, client_id, content, nonce, timestamp } = message;
      const stored = [at + 1, client_id, Buffer.from(content), Buffer.from(nonce), timestamp];
      const row = [chat_id, sender_id, ...stored, timestamp, Buffer.alloc(32)];
      return [insert, ...row] as [string, ...unknown[]];
    });
    const last = `UPDATE chats SET last_seq = ?1, user1_read = ?2, user2_read = ?2 WHERE id = ?3`;
    const chatId = messages[0]!.chat_id;
    const empty = `DELETE FROM messages WHERE chat_id = ?`;
    const read = messages.length - unread;
    await this.tamper([empty, chatId], ...rows, [last, messages.length, read, chatId]);
  }

  /** Lets go of those of a test, and gives what their browsers complained of. */
  async leave(): Promise<string[]> {
    const people = this.#people.splice(0);
    await Promise.all(people.map((person) => person.leave()));
    return people.flatMap(({ complaints }) => complaints);
  }

  async close(): Promise<void> {
    await this.#browser?.close();
    await this.#server?.stop();
    rmSync(this.#folder, { recursive: true });
  }
}
