import { once } from "node:events";
import { Session, type SessionAction } from "lacre/session";
import { WebSocket } from "ws";
import type { DatabaseKind } from "../../examples/server/harness/processes/database.js";
import { lacre } from "./contenders.js";
import { type Fixture, prepareFixture } from "./fixture.js";
import { messageOf } from "./load/lacre-peer.js";
import type { PeerPlan } from "./load/peer.js";

/** Milliseconds that each frame takes. */
const DELAY_MS = 50;
const QUEUED = 1000;
const MISSED = 10_000;

/** How long a client needs over a slow network. */
export interface RoundTripRow {
  readonly name: string;
  readonly seconds: number;
}

/** Measures how long a client needs to send what it wrote offline, and another one to receive what it missed. */
export async function measureRoundTrips(
  databases: readonly DatabaseKind[],
  onRow: (row: RoundTripRow) => void,
): Promise<RoundTripRow[]> {
  const rows: RoundTripRow[] = [];
  for (const database of databases) {
    const fixture = await prepareFixture(database, { clients: 2, reach: 0 });
    const server = await lacre("lacre").start(fixture);
    try {
      for (const { name, run } of partsOn(fixture)) {
        rows.push({ name: `${database}, ${name}`, seconds: await run(server.url) });
        onRow(rows.at(-1)!);
      }
    } finally {
      await server.stop();
      await fixture.database.remove();
    }
  }
  return rows;
}

function partsOn({ peers: [writer, reader] }: Fixture) {
  const { chat_id } = writer!.chats[0]!;
  return [
    {
      name: `${QUEUED.toLocaleString("en")} messages of one chat that wait to be sent`,
      run: (url: string) => timeOf(url, writer!, { chat_id, queued: QUEUED, delayMs: DELAY_MS }),
    },
    {
      name: `${MISSED.toLocaleString("en")} messages of one chat that were missed`,
      async run(url: string) {
        await timeOf(url, writer!, { chat_id, queued: MISSED - QUEUED, delayMs: 0 });
        return timeOf(url, reader!, { chat_id, missed: MISSED, delayMs: DELAY_MS });
      },
    },
  ];
}

interface Task {
  readonly chat_id: number;
  readonly queued?: number;
  readonly missed?: number;
  readonly delayMs: number;
}

/** Returns the seconds from the start of a session until it has sent its outbox, or received what it missed. */
async function timeOf(url: string, peer: PeerPlan, task: Task): Promise<number> {
  const { chat_id, queued = 0, missed = 0, delayMs } = task;
  const { session_key, user_id, access_token } = peer;
  const outbox = Array.from({ length: queued }, () =>
    messageOf(user_id, chat_id, crypto.randomUUID()),
  );
  const session = new Session({ session_key, user_id, outbox, cursors: [[chat_id, 0]] });
  const later = (work: () => void) => (delayMs === 0 ? work() : setTimeout(work, delayMs));
  const address = `${url.replace("http", "ws")}/ws?token=${access_token}`;
  const start = performance.now();
  const socket = new WebSocket(address, { perMessageDeflate: false });
  let [sent, received] = [0, 0];
  return new Promise((resolve, reject) => {
    const now = () => Date.now() / 1000;
    let alarm: NodeJS.Timeout | undefined;
    const handle = (event: Parameters<Session["handle"]>[0]) =>
      session.handle(event, now()).forEach(perform);
    const perform = (action: SessionAction) => {
      if (action.type === "transmit") later(() => socket.send(action.bytes));
      if (action.type === "close") reject(new Error(`closed with ${action.code}`));
      if (action.type === "wake") {
        clearTimeout(alarm);
        alarm = setTimeout(() => handle({ type: "tick" }), 1000 * (action.at - now()));
      }
      if (action.type !== "deliver") return;
      if (action.notice.type === "sent") sent += 1;
      if (action.notice.type === "message") received += 1;
      if (sent < queued || received < missed) return;
      if (action.notice.type !== "sent" && action.notice.type !== "message") return;
      clearTimeout(alarm);
      socket.terminate();
      resolve((performance.now() - start) / 1000);
    };
    socket.on("message", (data) => later(() => handle({ type: "frame", data })));
    handle({ type: "tick" });
    void once(socket, "open").then(() => handle({ type: "connected" }), reject);
  });
}
