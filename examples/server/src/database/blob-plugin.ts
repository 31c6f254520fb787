import type { KyselyPlugin, QueryResult, UnknownRow } from "kysely";

/** libsql hands blobs over as ArrayBuffers; everything else here speaks Uint8Array. */
export class BlobPlugin implements KyselyPlugin {
  transformQuery: KyselyPlugin["transformQuery"] = ({ node }) => node;

  async transformResult({
    result,
  }: {
    result: QueryResult<UnknownRow>;
  }): Promise<QueryResult<UnknownRow>> {
    return { ...result, rows: result.rows.map(withByteArrays) };
  }
}

function withByteArrays(row: UnknownRow): UnknownRow {
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => [
      column,
      value instanceof ArrayBuffer ? new Uint8Array(value) : value,
    ]),
  );
}
