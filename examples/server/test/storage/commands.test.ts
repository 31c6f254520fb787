import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { sql } from "kysely";
import { afterAll, afterEach, beforeEach, expect, it, vi } from "vitest";
import type { DatabaseKind } from "../../harness/processes/database.js";
import { migrate, readMigrations } from "../../src/database/migrator.js";
import { openDatabase } from "../../src/database/open-database.js";
import { createDatabase, onEachDatabase, type ScratchDatabase, urlOf } from "./databases.js";

const SERVER = fileURLToPath(new URL("../../", import.meta.url));
const MODULES = fileURLToPath(new URL("../../../../node_modules", import.meta.url));

// Each test starts up to six programs.
vi.setConfig({ testTimeout: 180_000 });

/** All migrations in order, and the numbers of the next two. */
const names = Object.keys(await readMigrations());
const numberOf = (offset: number) =>
  String(Number(names.at(-1)!.slice(0, 4)) + offset).padStart(4, "0");
const [next, afterNext] = [numberOf(1), numberOf(2)];
const linesOf = (all: readonly string[], line: (name: string) => string) =>
  all.map((name) => `${line(name)}\n`).join("");

const suite = (dialect: DatabaseKind) => {
  let scratch: ScratchDatabase;
  /** A copy of the server, so that a command can write migrations. All tests use one path, because tsx caches by path. */
  const folder = mkdtempSync(join(tmpdir(), "lacre-commands-"));
  const parts = ["src", "tools", "package.json"];
  symlinkSync(MODULES, join(folder, "node_modules"));
  beforeEach(async () => {
    scratch = await createDatabase(dialect);
    for (const part of parts) cpSync(join(SERVER, part), join(folder, part), { recursive: true });
  });
  afterEach(async () => {
    await scratch.remove();
    for (const part of parts) rmSync(join(folder, part), { recursive: true });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Runs a command, and returns its output and exit code. */
  async function db(...args: string[]): Promise<{ output: string; code: number }> {
    const program = join(folder, "tools/database/main.ts");
    const env = { ...process.env, DATABASE_URL: urlOf(scratch.config), INIT_CWD: folder };
    const node = [
      process.execPath,
      ["--import", import.meta.resolve("tsx"), program, ...args],
    ] as const;
    try {
      const { stdout } = await promisify(execFile)(...node, { env, cwd: folder });
      return { output: stdout, code: 0 };
    } catch (error) {
      const { stdout, stderr, code } = error as { stdout: string; stderr: string; code: number };
      return { output: stdout + stderr, code };
    }
  }

  const change = async (...statements: string[]) => {
    const live = openDatabase(scratch.config);
    for (const statement of statements) await sql.raw(statement).execute(live);
    await live.destroy();
  };
  const edit = (file: string, before: string, after: string) => {
    const path = join(folder, file);
    const text = readFileSync(path, "utf8");
    expect(text).toContain(before);
    writeFileSync(path, text.replace(before, after));
  };

  it("apply, list and revert the migrations", async () => {
    expect((await db("history")).output).toBe(linesOf(names, (name) => `${name}  pending`));
    expect((await db("up")).output).toBe(linesOf(names, (name) => `applied ${name}`));
    expect((await db("history")).output).toMatch(/^0001-initial {2}\d{4}-\d\d-\d\dT/);
    const same = "nothing to do: the database matches the declared schema\n";
    expect(await db("diff")).toEqual({ output: same, code: 0 });
    for (const name of [...names].reverse()) {
      expect((await db("down")).output).toBe(`reverted ${name}\n`);
    }
    expect((await db("down")).output).toBe("nothing to do: no migration is applied\n");
  });

  it("print the SQL without changing a database", async () => {
    const { output } = await db("sql");
    expect(output).toContain("-- 0001-initial, up\ncreate table");
    expect(output).toContain(dialect === "sqlite" ? '"nonce" blob' : '"nonce" bytea');
    const down = await db("sql", "down");
    expect(down.output).toMatch(
      /^-- \d{4}-[\w-]+, down\n[\s\S]*-- 0001-initial, down\ndrop table[\s\S]*drop table "users";\n$/,
    );
    const live = openDatabase(scratch.config);
    expect(await live.introspection.getTables({ withInternalKyselyTables: true })).toEqual([]);
    await live.destroy();
  });

  if (dialect === "sqlite") {
    it("write an empty migration with the next number, and reject an invalid name", async () => {
      expect((await db("make", "add-nicknames")).output).toContain(`${next}-add-nicknames.ts\n`);
      expect((await db("make", "more")).output).toContain(`${afterNext}-more.ts\n`);
      expect((await db("make", "../More")).output).toContain(
        "name the migration in lower-case letters",
      );
      const all = [...names, `${next}-add-nicknames`, `${afterNext}-more`];
      expect((await db("up")).output).toBe(linesOf(all, (name) => `applied ${name}`));
      expect((await db("down")).output).toBe(`reverted ${afterNext}-more\n`);
    });
  }

  it("find manual changes of a database", async () => {
    await migrate(scratch.config);
    await change(
      "create table extras (id integer primary key)",
      "alter table users add column nickname text",
      "drop index messages_kept",
      "create index by_time on messages (timestamp)",
      ...(dialect === "sqlite"
        ? [
            "drop trigger messages_counted",
            "create trigger extra after insert on users begin select 1; end",
          ]
        : [
            "drop trigger messages_counted on messages",
            "alter table messages disable trigger messages_deleted",
            `create trigger extra before update on users for each row
              execute function suppress_redundant_updates_trigger()`,
          ]),
    );
    const { output, code } = await db("diff");
    expect(code).toBe(1);
    for (const line of [
      "not declared: table extras",
      "not declared: column users.nickname",
      "missing: index messages_kept on messages",
      "not declared: index by_time on messages (timestamp)",
      "missing: trigger messages_counted on messages",
      ...(dialect === "postgresql" ? ["missing: trigger messages_deleted on messages"] : []),
      "not declared: trigger extra on users",
    ]) {
      expect(output).toContain(line);
    }
    expect(output).not.toContain("differs");
    expect(output).toContain('db.schema.alterTable("users").dropColumn("nickname")');
  });

  if (dialect === "postgresql") {
    it("find and repair a changed type, default and nullability of a column", async () => {
      await migrate(scratch.config);
      await change(
        "alter table users alter column email set not null",
        "alter table users alter column is_active drop default",
        "alter table users alter column hashed_password drop not null",
        "alter table chats alter column iterations type bigint",
        "alter table chat_members drop constraint chat_members_user_id_fkey",
      );
      const { output } = await db("diff", "mend");
      for (const line of [
        "differs: column users.email may not be null",
        "differs: column users.hashed_password may be null",
        "differs: column users.is_active has no default",
        "differs: column chats.iterations is int8, not int4",
        "missing: reference of chat_members.user_id to users",
      ]) {
        expect(output).toContain(line);
      }
      expect((await db("up")).output).toBe(`applied ${next}-mend\n`);
      expect((await db("diff")).output).toContain("matches the declared schema");
    });
  }

  it("draft a migration to a changed declaration, which can be applied and reverted", async () => {
    await migrate(scratch.config);
    await change("insert into server_keys values ('id', 'purpose', 'material', 0)");
    const declared = "src/database/schema.ts";
    edit(declared, 'email: "text?",', 'email: "text?", visits: "bigint = 7", nickname: "key?",');
    edit(declared, '"username_key"],', '"username_key", "nickname"],');
    edit(declared, "users_active:", 'visited: "visits, id where visits > 0", users_active:');
    edit(
      declared,
      "server_keys: {",
      `pictures: {
        columns: { id: "id", user_id: "bigint", name: "text", photo: "bytes?" },
        uniques: ["user_id, name"],
        references: { user_id: "users" },
      },
      server_keys: {`,
    );
    edit(declared, 'revoked_at: "double precision?",', "");
    edit(declared, 'indices: { server_keys_purpose: "purpose" },', "");

    const { output } = await db("diff", "what-is-new");
    expect(output).toContain("missing: table pictures");
    expect((await db("up")).output).toBe(`applied ${next}-what-is-new\n`);
    expect((await db("diff")).output).toContain("matches the declared schema");
    expect((await db("down")).output).toBe(`reverted ${next}-what-is-new\n`);
    const again = await db("diff");
    expect(again.output.split("\n\n")[0]).toBe(output.split("\n\n")[0]);
    expect((await db("up")).output).toBe(`applied ${next}-what-is-new\n`);
  });

  it("print help and errors, and exit with 1", async () => {
    expect(await db("help")).toMatchObject({ code: 1, output: expect.stringContaining("history") });
    await change("create table users (id integer primary key)");
    expect(await db("up")).toMatchObject({
      code: 1,
      output: expect.stringContaining("already exists"),
    });
  });
};

onEachDatabase("the database commands", suite);
