import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Place } from "./search.js";
import type { Stage } from "./stage.js";
import type { Traffic } from "./traffic.js";

export const placeNames = [
  "database",
  "server's log",
  "wire to server",
  "wire to clients",
] as const;

export type PlaceName = (typeof placeNames)[number];

/** The database's files. The write-ahead log comes first, as the server moves it into the other file. */
export function readDatabase({ databasePath }: Stage): Uint8Array[] {
  return [`${databasePath}-wal`, databasePath].filter(existsSync).map((path) => readFileSync(path));
}

/** Everything that the server holds and everything that crossed the wire, as it is now. */
export function readPlaces(stage: Stage, traffic: readonly Traffic[]): Place[] {
  const database = readDatabase(stage);
  const parts = [
    database,
    [readFileSync(stage.logPath)],
    traffic.flatMap(({ toServer }) => toServer),
    traffic.flatMap(({ toClient }) => toClient),
  ];
  return placeNames.map((name, at) => ({ name, parts: parts[at]! }));
}

/** What the programs say anyway: the words in their own sources. A line that is one of them proves nothing where it is found. */
export function readSources(): Place {
  const library = dirname(fileURLToPath(import.meta.resolve("lacre")));
  const server = fileURLToPath(new URL("../../server/src", import.meta.url));
  const parts = [library, server].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((path) => /\.[jt]s$/.test(path))
      .map((path) => readFileSync(join(folder, path))),
  );
  return { name: "sources", parts };
}
