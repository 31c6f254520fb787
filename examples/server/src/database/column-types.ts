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

/** Returns the column types that differ between SQLite and PostgreSQL. Integers are `bigint` in both, for values up to 2^53. */
export function columnTypes(db: QueryExecutorProvider) {
  return isPostgres(db)
    ? // Compare keys by code point, like SQLite, not by language rules.
      { id: IDENTITY, bytes: sql`bytea`, key: sql`text collate "C"` }
    : { id: AUTOINCREMENT, bytes: sql`blob`, key: sql`text` };
}

export function isPostgres(db: QueryExecutorProvider): boolean {
  return db.getExecutor().adapter instanceof PostgresAdapter;
}
