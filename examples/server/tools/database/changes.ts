import type { ColumnShape, Shape, TableShape } from "./shape.js";

/** A difference, and the code of a migration that removes it (`up`) and restores it (`down`). */
export interface Change {
  readonly text: string;
  readonly up: readonly string[];
  readonly down: readonly string[];
}

/** Returns the changes that turn the live schema into the declared one. */
export function changesBetween(live: Shape, declared: Shape): Change[] {
  return [
    ...missing(declared, live).flatMap(([name, table]) => createdTable(name, table)),
    ...both(live, declared).flatMap(([name, before, after]) => changedTable(name, before, after)),
    ...missing(live, declared)
      .flatMap(([name, table]) => createdTable(name, table))
      .map(inverse)
      .reverse(),
  ];
}

function createdTable(name: string, table: TableShape): Change[] {
  const columns = Object.entries(table.columns);
  const primary = columns.filter(([, { isPrimary }]) => isPrimary).map(([column]) => column);
  const create = [
    `await db.schema.createTable("${name}")`,
    ...columns.map(([column, shape]) => `  .${addColumn(column, shape, table.references[column])}`),
    ...table.uniques
      .filter((list) => !primary.includes(list))
      .map((list) => `  .addUniqueConstraint("${nameOfUnique(name, list)}", ${listCode(list)})`),
    "  .execute();",
  ];
  const drop = [`await db.schema.dropTable("${name}").execute();`];
  const indices = Object.entries(table.indices).map(([index, of]) => createdIndex(index, name, of));
  const triggers = table.triggers.map((trigger) => createdTrigger(trigger, name));
  return [{ text: `missing: table ${name}`, up: create, down: drop }, ...indices, ...triggers];
}

function changedTable(name: string, before: TableShape, after: TableShape): Change[] {
  const added = (column: string, shape: ColumnShape, to: string | undefined): Change => ({
    text: `missing: column ${name}.${column}`,
    up: [`await db.schema.alterTable("${name}").${addColumn(column, shape, to)}.execute();`],
    down: [`await db.schema.alterTable("${name}").dropColumn("${column}").execute();`],
  });
  const unique = (list: string): Change => ({
    text: `missing: unique ${name} (${list})`,
    up: [
      `await db.schema.createIndex("${nameOfUnique(name, list)}").on("${name}").columns(${listCode(list)}).unique().execute();`,
    ],
    down: [`await db.schema.dropIndex("${nameOfUnique(name, list)}").execute();`],
  });
  const columns = [
    ...missing(after.columns, before.columns).map(([column, shape]) =>
      added(column, shape, after.references[column]),
    ),
    ...both(before.columns, after.columns).flatMap(([column, was, is]) =>
      changedColumn(name, column, was, is),
    ),
  ];
  const removed = missing(before.columns, after.columns);
  const references = changedReferences(name, before, after);
  const indices = (of: TableShape, without: TableShape) =>
    Object.entries(of.indices)
      .filter(([index, list]) => without.indices[index] !== list)
      .map(([index, list]) => createdIndex(index, name, list));
  const triggers = (of: TableShape, without: TableShape) =>
    of.triggers
      .filter((trigger) => !without.triggers.includes(trigger))
      .map((trigger) => createdTrigger(trigger, name));
  return [
    ...triggers(before, after).map(inverse),
    ...indices(before, after).map(inverse),
    ...before.uniques
      .filter((list) => !after.uniques.includes(list))
      .map(unique)
      .map(inverse),
    ...columns,
    ...references,
    ...removed.map(([column, shape]) => inverse(added(column, shape, before.references[column]))),
    ...after.uniques.filter((list) => !before.uniques.includes(list)).map(unique),
    ...indices(after, before),
    ...triggers(after, before),
  ];
}

function changedColumn(table: string, name: string, was: ColumnShape, is: ColumnShape): Change[] {
  const alter = (what: string) =>
    `await db.schema.alterTable("${table}").alterColumn("${name}", (column) => column.${what}).execute();`;
  const toNull = (can: boolean) => alter(can ? "dropNotNull()" : "setNotNull()");
  const toDefault = (value: ColumnShape) =>
    alter(
      value.hasDefault
        ? `setDefault(${value.default ?? "/* previous default */"})`
        : "dropDefault()",
    );
  const text = `differs: column ${table}.${name}`;
  const changes: Change[] = [];
  if (was.type !== is.type) {
    const [up, down] = [is, was].map(({ code }) => [alter(`setDataType(${code})`)]);
    changes.push({ text: `${text} is ${was.type}, not ${is.type}`, up: up!, down: down! });
  }
  if (was.isNullable !== is.isNullable) {
    const [up, down] = [[toNull(is.isNullable)], [toNull(was.isNullable)]];
    changes.push({ text: `${text} may ${was.isNullable ? "" : "not "}be null`, up, down });
  }
  if (was.hasDefault !== is.hasDefault) {
    const [up, down] = [[toDefault(is)], [toDefault(was)]];
    changes.push({ text: `${text} has ${was.hasDefault ? "a" : "no"} default`, up, down });
  }
  return changes;
}

function changedReferences(name: string, before: TableShape, after: TableShape): Change[] {
  const referring = (column: string, to: string): Change => ({
    text: `missing: reference of ${name}.${column} to ${to}`,
    up: [
      `await db.schema.alterTable("${name}").addForeignKeyConstraint("${name}_${column}_fkey", ["${column}"], "${to}", ["id"]).execute();`,
    ],
    down: [
      `await db.schema.alterTable("${name}").dropConstraint("${name}_${column}_fkey").execute();`,
    ],
  });
  const own = (of: TableShape, without: TableShape) =>
    Object.entries(of.references)
      .filter(([column, to]) => without.columns[column] && without.references[column] !== to)
      .map(([column, to]) => referring(column, to));
  return [...own(before, after).map(inverse), ...own(after, before)];
}

function createdIndex(name: string, table: string, of: string): Change {
  const [, unique = "", columns = "", where = ""] = /^(unique )?(.*?)( where .*)?$/.exec(of)!;
  return {
    text: `missing: index ${name} on ${table} (${of})`,
    up: [
      `await sql\`create ${unique}index ${name} on ${table} (${columns})${where}\`.execute(db);`,
    ],
    down: [`await db.schema.dropIndex("${name}").execute();`],
  };
}

/** The draft throws, because the code of a trigger differs between the databases: write it before you apply the migration. */
function createdTrigger(name: string, table: string): Change {
  const toWrite = (verb: string) => [
    `throw new Error("write the code that ${verb} the trigger ${name} on ${table}");`,
  ];
  return {
    text: `missing: trigger ${name} on ${table}`,
    up: toWrite("creates"),
    down: toWrite("drops"),
  };
}

function inverse({ text, up, down }: Change): Change {
  return { text: text.replace(/^missing/, "not declared"), up: down, down: up };
}

function addColumn(name: string, shape: ColumnShape, to: string | undefined): string {
  const { code, isNullable, isPrimary } = shape;
  const traits = [
    isPrimary && "primaryKey()",
    !isNullable && "notNull()",
    shape.hasDefault && `defaultTo(${shape.default ?? "/* previous default */"})`,
    to && `references("${to}.id")`,
  ].filter(Boolean);
  if (code === "...types.id" || traits.length === 0) return `addColumn("${name}", ${code})`;
  return `addColumn("${name}", ${code}, (column) => column.${traits.join(".")})`;
}

const nameOfUnique = (table: string, list: string) => `${table}_${list.replaceAll(", ", "_")}`;

const listCode = (list: string) =>
  `[${list
    .split(", ")
    .map((name) => `"${name}"`)
    .join(", ")}]`;

function missing<Value>(
  of: Readonly<Record<string, Value>>,
  from: Readonly<Record<string, Value>>,
): [string, Value][] {
  return Object.entries(of).filter(([name]) => !(name in from));
}

function both<Value>(
  before: Readonly<Record<string, Value>>,
  after: Readonly<Record<string, Value>>,
): [string, Value, Value][] {
  return Object.entries(after).flatMap(([name, is]) => {
    const was = before[name];
    return was === undefined ? [] : [[name, was, is] as [string, Value, Value]];
  });
}
