import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import type { Browser, BrowserContextOptions } from "playwright-core";
import { ServerProcess } from "../../server/harness/processes/server-process.js";
import { type BrowserName, launch } from "../tools/browsers.js";
import { WEB_ROOT } from "../tools/build-page.js";
import { Cable } from "./cable.js";
import { Person } from "./person.js";

/** A server in a process of its own that serves the built page, and a browser. */
export class Stage {
  readonly #folder = mkdtempSync(join(tmpdir(), "lacre-web-"));
  readonly #people: Person[] = [];
  #server!: ServerProcess;
  #browser!: Browser;

  async open(name: BrowserName): Promise<void> {
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
    for (const [sql, ...values] of statements) database.prepare(sql).run(...values);
    database.close();
    await this.restart();
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
