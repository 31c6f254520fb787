import type { CompiledQuery } from "kysely";
import Database from "libsql";
import { Client } from "pg";
import type { DatabaseConfig } from "../../src/database/database-config.js";

/** Plan of a database for a query. */
export interface Plan {
  /** Complete scans of tables or indexes, and sorts. */
  readonly slow: readonly string[];
  readonly indices: readonly string[];
}

export async function planOf(query: CompiledQuery, config: DatabaseConfig): Promise<Plan> {
  return config.dialect === "sqlite"
    ? planOnSqlite(query, config.path)
    : planOnPostgres(query, config.url);
}

async function planOnSqlite({ sql, parameters }: CompiledQuery, path: string): Promise<Plan> {
  const database = new Database(path);
  // With foreign keys, the plan of an insert contains scans that SQLite performs only while a constraint is violated.
  database.pragma("foreign_keys = OFF");
  const rows = database.prepare(`explain query plan ${sql}`).all(parameters);
  database.close();
  const details = rows.map((row) => (row as { detail: string }).detail);
  return {
    // The rows of VALUES and of json_each are parameters, not rows of a table.
    slow: details.filter((detail) =>
      /^SCAN (?!\d+ CONSTANT ROWS$|json_each )\w|TEMP B-TREE/.test(detail),
    ),
    indices: details.flatMap((detail) => /INDEX (\w+)/.exec(detail)?.[1] ?? []),
  };
}

interface PlanNode {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly "Index Cond"?: string;
  readonly Plans?: readonly PlanNode[];
}

async function planOnPostgres({ sql, parameters }: CompiledQuery, url: string): Promise<Plan> {
  const client = new Client({ connectionString: url });
  await client.connect();
  // For small tables, PostgreSQL prefers a sequential scan to an index.
  await client.query("set enable_seqscan = off");
  const { rows } = await client.query(`explain (format json) ${sql}`, [...parameters]);
  await client.end();
  const nodes = rows.flatMap((row) => withDescendants(row["QUERY PLAN"][0].Plan));
  return {
    slow: nodes.filter(isSlow).map((node) => `${node["Node Type"]} ${node["Relation Name"] ?? ""}`),
    indices: nodes.flatMap((node) => node["Index Name"] ?? []),
  };
}

function withDescendants(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(withDescendants)];
}

function isSlow(node: PlanNode): boolean {
  const type = node["Node Type"];
  const isWhole = /Index/.test(type) && node["Index Cond"] === undefined;
  return type === "Seq Scan" || type === "Sort" || isWhole;
}
