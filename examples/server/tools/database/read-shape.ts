import { type Kysely, sql } from "kysely";
import { type ColumnShape, codeOf, type Dialect, type Shape } from "./shape.js";

interface IndexRow {
  readonly table: string;
  readonly name: string;
  readonly columns: string;
  readonly isUnique: number | boolean;
  readonly isPrimary: number | boolean;
  readonly predicate: string | null;
}

interface ReferenceRow {
  readonly table: string;
  readonly column: string;
  readonly to: string;
}

interface TriggerRow {
  readonly table: string;
  readonly name: string;
}

/** Reads the schema of a database. */
export async function readShape(db: Kysely<unknown>, dialect: Dialect): Promise<Shape> {
  const tables = await db.introspection.getTables();
  const { rows: indices } = await (dialect === "sqlite" ? sqliteIndices : postgresIndices).execute(
    db,
  );
  const { rows: references } = await (dialect === "sqlite"
    ? sqliteReferences
    : postgresReferences
  ).execute(db);

  const { rows: triggers } = await (dialect === "sqlite"
    ? sqliteTriggers
    : postgresTriggers
  ).execute(db);

  return Object.fromEntries(
    tables
      .filter(({ isView, schema }) => !isView && (schema === undefined || schema === "public"))
      .map((table) => {
        const own = indices.filter(({ table: name }) => name === table.name);
        const primary = own.find(({ isPrimary }) => isPrimary)?.columns;
        const columns = table.columns.map((column): [string, ColumnShape] => {
          const type = column.dataType.toLowerCase();
          const isPrimary = column.name === primary;
          const isId = isPrimary && column.isAutoIncrementing;
          return [
            column.name,
            {
              type,
              code: isId ? "...types.id" : codeOf(type, dialect),
              isNullable: column.isNullable && !isPrimary,
              isPrimary,
              default: undefined,
              hasDefault: column.hasDefaultValue && !isId,
            },
          ];
        });
        const isWhole = ({ isUnique, predicate }: IndexRow) => Boolean(isUnique) && !predicate;
        return [
          table.name,
          {
            columns: Object.fromEntries(columns),
            uniques: own.filter(isWhole).map((index) => index.columns),
            indices: Object.fromEntries(
              own.filter((index) => !isWhole(index)).map((index) => [index.name, textOf(index)]),
            ),
            references: Object.fromEntries(
              references
                .filter(({ table: name }) => name === table.name)
                .map(({ column, to }) => [column, to]),
            ),
            triggers: triggers
              .filter(({ table: name }) => name === table.name)
              .map(({ name }) => name),
          },
        ];
      }),
  );
}

function textOf({ columns, predicate, isUnique }: IndexRow): string {
  // PostgreSQL returns text with a cast.
  const plain = predicate?.toLowerCase().replace(/[()"]|::text/g, "");
  const where = plain?.replace(/\s+/g, " ").trim();
  return `${isUnique ? "unique " : ""}${columns.replaceAll('"', "")}${where ? ` where ${where}` : ""}`;
}

const postgresIndices = sql<IndexRow>`
  select t.relname as "table", i.relname as name, x.indisunique as "isUnique", x.indisprimary as "isPrimary",
    pg_get_expr(x.indpred, x.indrelid) as predicate,
    (select string_agg(pg_get_indexdef(x.indexrelid, n, true), ', ' order by n)
      from generate_series(1, x.indnkeyatts) as n) as columns
  from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class t on t.oid = x.indrelid
  where t.relnamespace = 'public'::regnamespace order by 2`;

const postgresReferences = sql<ReferenceRow>`
  select t.relname as "table", a.attname as "column", f.relname as "to"
  from pg_constraint c join pg_class t on t.oid = c.conrelid join pg_class f on f.oid = c.confrelid
    join pg_attribute a on a.attrelid = t.oid and a.attnum = c.conkey[1]
  where c.contype = 'f' and t.relnamespace = 'public'::regnamespace`;

// A disabled trigger counts as missing.
const postgresTriggers = sql<TriggerRow>`
  select t.relname as "table", g.tgname as name from pg_trigger g join pg_class t on t.oid = g.tgrelid
  where not g.tgisinternal and g.tgenabled <> 'D' and t.relnamespace = 'public'::regnamespace order by 2`;

const sqliteTables = sql`(select name from sqlite_master where type = 'table' and name not like 'sqlite_%')`;

const sqliteIndices = sql<IndexRow>`
  select t.name as "table", i.name, i."unique" as "isUnique", i.origin = 'pk' as "isPrimary",
    case when i.partial then substr(m.sql, instr(lower(m.sql), ' where ') + 7) end as predicate,
    (select group_concat(name, ', ') from (select name from pragma_index_info(i.name) order by seqno)) as columns
  from ${sqliteTables} t, pragma_index_list(t.name) i left join sqlite_master m on m.name = i.name
  union all select t.name, '', 1, 1, null, c.name
  from ${sqliteTables} t, pragma_table_info(t.name) c where c.pk = 1 and lower(c.type) = 'integer'
  order by 2`;

const sqliteReferences = sql<ReferenceRow>`
  select t.name as "table", f."from" as "column", f."table" as "to"
  from ${sqliteTables} t, pragma_foreign_key_list(t.name) f`;

const sqliteTriggers = sql<TriggerRow>`
  select tbl_name as "table", name from sqlite_master where type = 'trigger' order by name`;
