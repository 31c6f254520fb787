import type { Compilable, CompiledQuery, DialectAdapter, Kysely, QueryResult } from "kysely";
import type { Schema } from "./schema.js";

/** Placeholder for a parameter in a compiled query. */
class Slot {
  constructor(readonly name: string) {}
}

const slots = new Proxy({}, { get: (_, name) => new Slot(String(name)) });

/** A compiled query. PostgreSQL keeps the plans of those with a name. */
export interface NamedQuery extends CompiledQuery {
  readonly name?: string;
}

let count = 0;

/** A frequent query that is built and compiled only once. */
export class PreparedQuery<Parameters extends object, Row> {
  readonly #name = `prepared ${++count}`;
  readonly #build: (db: Kysely<Schema>, parameters: Parameters) => Compilable<Row>;
  readonly #compiled = new WeakMap<DialectAdapter, CompiledQuery>();

  /** `build` must only insert its parameters into the query, and not read or change them. */
  constructor(build: (db: Kysely<Schema>, parameters: Parameters) => Compilable<Row>) {
    this.#build = build;
  }

  execute(db: Kysely<Schema>, parameters: Parameters): Promise<QueryResult<Row>> {
    const compiled = this.#compile(db);
    const query: NamedQuery = {
      ...compiled,
      name: this.#name,
      parameters: compiled.parameters.map((parameter) =>
        parameter instanceof Slot ? Reflect.get(parameters, parameter.name) : parameter,
      ),
    };
    return db.executeQuery(query as CompiledQuery<Row>);
  }

  #compile(db: Kysely<Schema>): CompiledQuery {
    const { adapter } = db.getExecutor();
    let compiled = this.#compiled.get(adapter);
    if (compiled === undefined) {
      compiled = this.#build(db, slots as Parameters).compile();
      this.#compiled.set(adapter, compiled);
    }
    return compiled;
  }
}
