import type { MessageRow } from "./database-rows.js";
import type { Evidence } from "./evidence.js";
import type { PlaceName } from "./places.js";
import { speakers } from "./transcript.js";

/** The rows whose client id or ciphertext must be found in each place, if the search is any good. */
export interface Expectations {
  readonly clientIds: Readonly<Record<PlaceName, readonly MessageRow[]>>;
  /** A log names messages and holds none. */
  readonly ciphertexts: Readonly<Record<Exclude<PlaceName, "server's log">, readonly MessageRow[]>>;
  /** Rows that a killed server may have stored without writing them into its log. */
  readonly unlogged: readonly MessageRow[];
}

/**
 * What can be demanded after a kill at any moment. A row is in the database, and a client sent it. The wire to the clients
 * has its client id if a client was told of it, and its ciphertext if the other client received it.
 */
export function expectationsOf(evidence: Evidence): Expectations {
  const { rows, seen } = evidence;
  const everyone = speakers.map((name) => seen[name]);
  const received = seqsOf(everyone.flatMap((one) => one.received));
  const sent = seqsOf(everyone.flatMap((one) => one.sent));
  const isTold = ({ seq }: MessageRow) => received.has(seq) || sent.has(seq);
  const unlogged = rows.filter((row) => mayBeUnlogged(row, evidence));
  return {
    clientIds: {
      database: rows,
      "server's log": rows.filter((row) => !unlogged.includes(row)),
      "wire to server": rows,
      "wire to clients": rows.filter(isTold),
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
 * The server logs a message after the commit, and its log is written a little later. A kill can come before the line is
 * logged or before it is written, also when the message was acknowledged and delivered. So the line can be missing only
 * for a message that was sent on a connection which the kill broke, with nothing later in what that server wrote. If the
 * next server acknowledged or delivered it again, that one logged it.
 */
function mayBeUnlogged({ seq, client_id }: MessageRow, evidence: Evidence): boolean {
  const { outages, traffic } = evidence;
  const id = String(client_id);
  const kills = outages.filter(({ what }) => what === "the server was killed");
  return kills.some(({ broken, connectionsBefore }, at) => {
    const isOnTheWay = traffic.some(
      ({ recording, sentIds }) => broken.includes(recording) && sentIds.has(id),
    );
    const isRepeated = traffic
      .slice(connectionsBefore)
      .some(({ announcedIds }) => announcedIds.has(id));
    return isOnTheWay && !isRepeated && seq > (lastSeqsLogged(evidence)[at] ?? 0);
  });
}

/** The highest seq that each process of the server wrote into the log, in the order of the processes. */
function lastSeqsLogged({ places }: Evidence): number[] {
  const log = places.find(({ name }) => name === "server's log")?.parts ?? [];
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
