import type { DatabaseConfig } from "../../src/database/database-config.js";
import {
  type ColumnNotation,
  type Schema,
  type TableDeclaration,
  tables,
} from "../../src/database/schema.js";

export type Dialect = DatabaseConfig["dialect"];

/** The compared parts of a schema: tables by name. */
export type Shape = Readonly<Record<string, TableShape>>;

export interface TableShape {
  readonly columns: Readonly<Record<string, ColumnShape>>;
  /** Column lists of unique constraints and primary keys. */
  readonly uniques: readonly string[];
  readonly indices: Readonly<Record<string, string>>;
  readonly references: Readonly<Record<string, string>>;
  readonly triggers: readonly string[];
}

export interface ColumnShape {
  /** Name of the type in the database. */
  readonly type: string;
  /** Code for the type in a migration. */
  readonly code: string;
  readonly isNullable: boolean;
  readonly isPrimary: boolean;
  /** Default of a declared column. Undefined for columns read from a database: for these, see `hasDefault`. */
  readonly default: string | undefined;
  readonly hasDefault: boolean;
}

/** Names of each type in SQLite and PostgreSQL, and its code in a migration. */
const TYPES = {
  bigint: { sqlite: "bigint", postgresql: "int8", code: '"bigint"' },
  id: { sqlite: "integer", postgresql: "int8", code: "...types.id" },
  integer: { sqlite: "integer", postgresql: "int4", code: '"integer"' },
  text: { sqlite: "text", postgresql: "text", code: '"text"' },
  key: { sqlite: "text", postgresql: "text", code: "types.key" },
  bytes: { sqlite: "blob", postgresql: "bytea", code: "types.bytes" },
  "double precision": {
    sqlite: "double precision",
    postgresql: "float8",
    code: '"double precision"',
  },
} as const;

/** Returns the code of a migration for a type of a database. */
export function codeOf(type: string, dialect: Dialect): string {
  const known = Object.values(TYPES).find(
    (one) => one[dialect] === type && one.code !== "...types.id",
  );
  return known?.code ?? `sql\`${type}\``;
}

/** Returns the declared schema with the type names of one kind of database. */
export function declaredShape(dialect: Dialect): Shape {
  const declared = Object.entries<TableDeclaration<keyof Schema>>(tables);
  return Object.fromEntries(declared.map(([name, table]) => [name, shapeOf(table, dialect)]));
}

function shapeOf(
  { columns, uniques = [], indices = {}, references = {}, triggers = [] }: TableDeclaration,
  dialect: Dialect,
): TableShape {
  const shapes = Object.entries<ColumnNotation>(columns).map(
    ([name, notation]) => [name, columnOf(notation, dialect)] as const,
  );
  const primary = shapes.filter(([, { isPrimary }]) => isPrimary).map(([name]) => name);
  return {
    columns: Object.fromEntries(shapes),
    uniques: [...primary, ...uniques],
    indices,
    references,
    triggers,
  };
}

function columnOf(notation: ColumnNotation, dialect: Dialect): ColumnShape {
  const [, type = "", flag, value] = /^([a-z ]+?)(\?| primary)?(?: = (\d+))?$/.exec(notation)!;
  const { code, ...names } = TYPES[type as keyof typeof TYPES];
  return {
    type: names[dialect],
    code,
    isNullable: flag === "?",
    isPrimary: flag === " primary" || type === "id",
    default: value,
    hasDefault: value !== undefined,
  };
}
