import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import type { Browser, BrowserContextOptions } from "playwright-core";
import { ServerProcess } from "../../server/harness/processes/server-process.js";
import { type BrowserName, launch } from "../tools/browsers.js";
import { WEB_ROOT } from "../tools/build-page.js";
import type { Encrypted } from "./headless-user.js";
import { TcpProxy } from "./proxy.js";
import { TestUser } from "./test-user.js";

/** A server in its own process that serves the built page, and a browser. */
export class PageFixture {
  readonly #folder = mkdtempSync(join(tmpdir(), "lacre-web-"));
  readonly #users: TestUser[] = [];
  readonly #names = new Set<string>();
  browser: BrowserName = "chromium";
  #server!: ServerProcess;
  #browser!: Browser;

  async start(name: BrowserName): Promise<void> {
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

  /** Opens the page for a new user, in a separate browser context and through a separate proxy. */
  async openUser(name: string, options: BrowserContextOptions = {}): Promise<TestUser> {
    if (this.#names.has(name)) throw new Error(`another test has a user named ${name}`);
    this.#names.add(name);
    return this.#open(name, options);
  }

  /** Opens the page for another device of a user. */
  openDevice(user: TestUser): Promise<TestUser> {
    return this.#open(user.name);
  }

  async #open(name: string, options: BrowserContextOptions = {}): Promise<TestUser> {
    const proxy = await TcpProxy.start(this.#server.port);
    const context = await this.#browser.newContext({
      viewport: { width: 1000, height: 700 },
      locale: "en-GB",
      ...options,
    });
    const user = new TestUser(name, proxy, context);
    this.#users.push(user);
    await user.openPage();
    return user;
  }

  /** Kills the server with SIGKILL, so that it cannot clean up. */
  async killServer(): Promise<void> {
    await this.#server.kill();
  }

  async restartServer(): Promise<void> {
    await this.#server.start();
  }

  /** Runs statements on the database while the server is down, in one transaction. */
  async editDatabase(...statements: readonly [sql: string, ...values: unknown[]][]): Promise<void> {
    await this.killServer();
    const database = new Database(`${this.#folder}/lacre.db`);
    database.transaction(() => {
      for (const [sql, ...values] of statements) database.prepare(sql).run(...values);
    })();
    database.close();
    await this.restartServer();
  }

  /** Replaces the messages of a chat. Both members have read all but the last `unread`. */
  async replaceMessages(messages: readonly Encrypted[], unread: number): Promise<void> {
    const insert = `INSERT INTO messages
      (chat_id, sender_id, seq, client_id, encrypted_content, nonce, timestamp, stored_at, digest)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;
    const rows = messages.map((message, at) => {
      const { chat_id, sender_id, client_id, content, nonce, timestamp } = message;
      const stored = [at + 1, client_id, Buffer.from(content), Buffer.from(nonce), timestamp];
      const row = [chat_id, sender_id, ...stored, timestamp, Buffer.alloc(32)];
      return [insert, ...row] as [string, ...unknown[]];
    });
    const last = "UPDATE chats SET last_seq = ? WHERE id = ?";
    const watermarks = "UPDATE chat_members SET read = ? WHERE chat_id = ?";
    const chatId = messages[0]!.chat_id;
    const empty = `DELETE FROM messages WHERE chat_id = ?`;
    const read = messages.length - unread;
    const updates = [
      [last, messages.length, chatId],
      [watermarks, read, chatId],
    ] as const;
    await this.editDatabase([empty, chatId], ...rows, ...updates.map(([...one]) => one));
  }

  /** Closes the pages of the users of a test, and returns the problems that their browsers reported. */
  async closeUsers(): Promise<string[]> {
    const users = this.#users.splice(0);
    await Promise.all(users.map((user) => user.close()));
    return users.flatMap(({ problems }) => problems);
  }

  async stop(): Promise<void> {
    await this.#browser?.close();
    await this.#server?.stop();
    rmSync(this.#folder, { recursive: true });
  }
}
