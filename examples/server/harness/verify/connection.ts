import Sqlite from "libsql";
import { Client } from "pg";

export type Row = Record<string, unknown>;

/** A direct connection to a database, which bypasses the server. */
export interface Connection {
  all(sql: string): Promise<Row[]>;
  close(): Promise<void>;
}

export async function connectTo(databaseUrl: string): Promise<Connection> {
  const path = sqlitePathOf(databaseUrl);
  return path === undefined ? connectToPostgres(databaseUrl) : openSqlite(path);
}

/** Returns the path of a SQLite database. Undefined for other databases. */
export function sqlitePathOf(databaseUrl: string): string | undefined {
  return /^sqlite:\/\/\/(.+)$/.exec(databaseUrl)?.[1];
}

function openSqlite(path: string): Connection {
  const database = new Sqlite(path, { timeout: 5000 });
  return {
    async all(sql) {
      const statement = database.prepare(sql);
      if (statement.reader) return statement.all() as Row[];
      statement.run();
      return [];
    },
    async close() {
      database.close();
    },
  };
}

async function connectToPostgres(databaseUrl: string): Promise<Connection> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  return {
    all: async (sql) => (await client.query<Row>(sql)).rows,
    close: () => client.end(),
  };
}
