import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Place } from "./search.js";
import type { Stage } from "./stage.js";
import { webSocketMessages } from "./web-socket-frames.js";

export const placeNames = [
  "database",
  "server's log",
  "wire to server",
  "wire to clients",
] as const;

/** Everything that the server holds and everything that crossed the wire, as it is now. */
export function readPlaces({ databasePath, logPath, proxy }: Stage): Place[] {
  const database = [databasePath, `${databasePath}-wal`]
    .filter(existsSync)
    .map((path) => readFileSync(path));
  const toServer = proxy.recordings.flatMap(({ toServer }) => readRecording(toServer));
  const toClients = proxy.recordings.flatMap(({ toClient }) => readRecording(toClient));
  const parts = [database, [readFileSync(logPath)], toServer, toClients];
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

/** The bytes as they went by, and the WebSocket messages in them as their reader sees them. */
function readRecording(path: string): Buffer[] {
  const raw = readFileSync(path);
  return [raw, ...webSocketMessages(raw)];
}
