import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DemoFixture } from "./fixture.js";
import type { Location } from "./search.js";
import type { Traffic } from "./traffic.js";

export const locationNames = [
  "database",
  "server's log",
  "wire to server",
  "wire to clients",
] as const;

export type LocationName = (typeof locationNames)[number];

/** Reads the database's files: the write-ahead log first, because the server moves its content into the other file. */
export function readDatabase({ databasePath }: DemoFixture): Uint8Array[] {
  return [`${databasePath}-wal`, databasePath].filter(existsSync).map((path) => readFileSync(path));
}

/** Reads the current content of all locations: what the server stores and logs, and all traffic. */
export function readLocations(fixture: DemoFixture, traffic: readonly Traffic[]): Location[] {
  const parts: Record<LocationName, readonly Uint8Array[]> = {
    database: readDatabase(fixture),
    "server's log": [readFileSync(fixture.logPath)],
    "wire to server": traffic.flatMap(({ toServer }) => toServer),
    "wire to clients": traffic.flatMap(({ toClient }) => toClient),
  };
  return locationNames.map((name) => ({ name, parts: parts[name] }));
}

/** Reads the sources of the library and the server. A line that occurs in them is no evidence of a leak where it is found. */
export function readSources(): Location {
  const library = dirname(fileURLToPath(import.meta.resolve("lacre")));
  const server = fileURLToPath(new URL("../../server/src", import.meta.url));
  const parts = [library, server].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((path) => /\.[jt]s$/.test(path))
      .map((path) => readFileSync(join(folder, path))),
  );
  return { name: "sources", parts };
}
