import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CompiledQuery } from "kysely";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SqliteConnection } from "../../src/database/sqlite/sqlite-connection.js";

const UNAVAILABLE = { status: 503, code: "ERR_UNAVAILABLE", details: { retry_after: 1 } };

describe("errors of SQLite", () => {
  let folder: string;
  let connection: SqliteConnection;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "lacre-sqlite-"));
    connection = new SqliteConnection(join(folder, "lacre.db"));
    connection.command("CREATE TABLE notes (text TEXT)");
  });
  afterEach(() => {
    connection.close();
    rmSync(folder, { recursive: true });
  });
  const write = (text: string) =>
    connection.execute(CompiledQuery.raw("INSERT INTO notes VALUES (?)", [text]));
  const errorOf = (work: () => unknown) => {
    try {
      work();
    } catch (error) {
      return error;
    }
    return undefined;
  };

  it.each([
    ["SQLITE_READONLY", "query_only = ON"],
    ["SQLITE_FULL", "max_page_count = 2"],
  ])("become ERR_UNAVAILABLE: %s", (code, pragma) => {
    connection.set(pragma);
    const error = errorOf(() => write("x".repeat(100_000)));
    expect(error).toMatchObject({ ...UNAVAILABLE, cause: { code } });
  });

  it("become ERR_UNAVAILABLE while another connection writes", () => {
    const other = new SqliteConnection(join(folder, "lacre.db"));
    other.command("BEGIN IMMEDIATE");
    connection.set("busy_timeout = 0");
    expect(errorOf(() => write("x"))).toMatchObject({
      ...UNAVAILABLE,
      cause: { code: "SQLITE_BUSY" },
    });
    other.command("ROLLBACK");
    other.close();
    expect(errorOf(() => write("x"))).toBeUndefined();
  });

  it("are unchanged for an invalid statement", () => {
    const error = errorOf(() => connection.command("SELECT nothing FROM nowhere"));
    expect(error).not.toMatchObject(UNAVAILABLE);
  });
});
