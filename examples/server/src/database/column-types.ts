import {
  type ColumnDefinitionBuilder,
  PostgresAdapter,
  type QueryExecutorProvider,
  sql,
} from "kysely";

type IdColumn = readonly [
  "bigint" | "integer",
  (column: ColumnDefinitionBuilder) => ColumnDefinitionBuilder,
];

const IDENTITY: IdColumn = [
  "bigint",
  (column) => column.primaryKey().generatedByDefaultAsIdentity(),
];
const AUTOINCREMENT: IdColumn = ["integer", (column) => column.primaryKey().autoIncrement()];

/** What the two databases call by different names. Integers are `bigint` in both: clients ask with any up to 2^53. */
export function columnTypes(db: QueryExecutorProvider) {
  return isPostgres(db)
    ? // A key is compared by code point, as SQLite does, and not by the rules of a language.
      { id: IDENTITY, bytes: sql`bytea`, key: sql`text collate "C"` }
    : { id: AUTOINCREMENT, bytes: sql`blob`, key: sql`text` };
}

export function isPostgres(db: QueryExecutorProvider): boolean {
  return db.getExecutor().adapter instanceof PostgresAdapter;
}
