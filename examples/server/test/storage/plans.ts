import type { CompiledQuery } from "kysely";
import Database from "libsql";
import { Client } from "pg";
import type { DatabaseConfig } from "../../src/database/database-config.js";

/** What a query would read from one end to the other, or sort after reading; nothing, if it goes by its indices. */
export async function slownessOf(query: CompiledQuery, config: DatabaseConfig): Promise<string[]> {
  return config.dialect === "sqlite"
    ? slownessOnSqlite(query, config.path)
    : slownessOnPostgres(query, config.url);
}

async function slownessOnSqlite({ sql, parameters }: CompiledQuery, path: string) {
  const database = new Database(path);
  // With them, an insert's plan has the tables that refer to its row; they are read only while a constraint is broken.
  database.pragma("foreign_keys = OFF");
  const rows = database.prepare(`explain query plan ${sql}`).all(parameters);
  database.close();
  return rows
    .map((row) => (row as { detail: string }).detail)
    .filter((detail) => /^SCAN \w|TEMP B-TREE/.test(detail));
}

interface PlanNode {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly "Index Cond"?: string;
  readonly Plans?: readonly PlanNode[];
}

async function slownessOnPostgres({ sql, parameters }: CompiledQuery, url: string) {
  const client = new Client({ connectionString: url });
  await client.connect();
  // A table of three rows is read at once by right.
  await client.query("set enable_seqscan = off");
  const { rows } = await client.query(`explain (format json) ${sql}`, [...parameters]);
  await client.end();
  return rows.flatMap((row) => slowNodes(row["QUERY PLAN"][0].Plan));
}

function slowNodes(node: PlanNode): string[] {
  const type = node["Node Type"];
  const isWhole = /Index/.test(type) && node["Index Cond"] === undefined;
  const isSlow = type === "Seq Scan" || type === "Sort" || isWhole;
  const name = `${type} ${node["Index Name"] ?? node["Relation Name"] ?? ""}`.trim();
  return [...(isSlow ? [name] : []), ...(node.Plans ?? []).flatMap(slowNodes)];
}
