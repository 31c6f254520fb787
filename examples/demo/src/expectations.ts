import type { MessageRow } from "./database-rows.js";
import type { Evidence } from "./evidence.js";
import type { LocationName } from "./locations.js";
import { speakers } from "./transcript.js";

/** The rows whose client id or ciphertext a working search must find in each location. */
export interface Expectations {
  readonly clientIds: Readonly<Record<LocationName, readonly MessageRow[]>>;
  /** The log contains client ids but no ciphertexts. */
  readonly ciphertexts: Readonly<
    Record<Exclude<LocationName, "server's log">, readonly MessageRow[]>
  >;
  /** Rows that a killed server may have stored without writing them to its log. */
  readonly unlogged: readonly MessageRow[];
}

/**
 * Returns what the search must find, although the server may be killed at any moment. Every row is in the database and in the
 * traffic to the server. The traffic to the clients has its client id if one of the clients reported it as sent or received,
 * and its ciphertext if a client received it.
 */
export function expectationsOf(evidence: Evidence): Expectations {
  const { rows, participants } = evidence;
  const everyone = speakers.map((name) => participants[name]);
  const received = seqsOf(everyone.flatMap((one) => one.received));
  const sent = seqsOf(everyone.flatMap((one) => one.sent));
  const isReported = ({ seq }: MessageRow) => received.has(seq) || sent.has(seq);
  const unlogged = rows.filter((row) => mayBeUnlogged(row, evidence));
  return {
    clientIds: {
      database: rows,
      "server's log": rows.filter((row) => !unlogged.includes(row)),
      "wire to server": rows,
      "wire to clients": rows.filter(isReported),
    },
    ciphertexts: {
      database: rows,
      "wire to server": rows,
      "wire to clients": rows.filter(({ seq }) => received.has(seq)),
    },
    unlogged,
  };
}

/**
 * Returns whether the log may lack a message. The server logs a message after the commit and writes the log asynchronously, so
 * a kill can lose the log line of a message that is already acknowledged and delivered. Three conditions must hold:
 *
 * - A client sent the message on a connection that the kill broke.
 * - The killed server logged no higher seq.
 * - The restarted server neither acknowledged nor delivered the message. If it did, it logged it.
 */
function mayBeUnlogged({ seq, client_id }: MessageRow, evidence: Evidence): boolean {
  const { outages, traffic } = evidence;
  const id = String(client_id);
  const kills = outages.filter(({ what }) => what === "the server was killed");
  return kills.some(({ broken, connectionsBefore }, at) => {
    const isOnBroken = traffic.some(
      ({ recording, sentIds }) => broken.includes(recording) && sentIds.has(id),
    );
    const isRepeated = traffic
      .slice(connectionsBefore)
      .some(({ ackedOrDeliveredIds }) => ackedOrDeliveredIds.has(id));
    return isOnBroken && !isRepeated && seq > (lastSeqsLogged(evidence)[at] ?? 0);
  });
}

/** Returns the highest seq in the log for each server process, in the order in which the processes started. */
function lastSeqsLogged({ locations }: Evidence): number[] {
  const log = locations.find(({ name }) => name === "server's log")?.parts ?? [];
  const byProcess = new Map<string, number>();
  for (const [, pid = "", seq = "0"] of Buffer.concat(log)
    .toString()
    .matchAll(/"pid":(\d+)(?:.*"seq":(\d+))?/g)) {
    byProcess.set(pid, Math.max(byProcess.get(pid) ?? 0, Number(seq)));
  }
  return [...byProcess.values()];
}

function seqsOf(messages: readonly { readonly seq: number }[]): Set<number> {
  return new Set(messages.map(({ seq }) => seq));
}
