import { readFileSync } from "node:fs";
import type { Secret } from "./evidence.js";
import type { DemoFixture } from "./fixture.js";
import type { Participant } from "./participant.js";
import { withStallTimeout } from "./stall-timeout.js";
import { type Line, type Speaker, speakers } from "./transcript.js";

/** Maximum number of lines that are exchanged in the group. */
const MAX_LINES = 4;
const GROUP = "olivas y pan";

/** What happened in the group. */
export interface GroupRecord {
  /** The lines that were given to the clients. */
  readonly lines: readonly Line[];
  /** The texts that each client received. */
  readonly received: Readonly<Record<Speaker, readonly string[]>>;
  /** The recovery keys of both users, and the name of the group: they leave the clients encrypted only. */
  readonly secrets: readonly Secret[];
  readonly errors: readonly string[];
  /** Number of all connections before those of the group. */
  readonly connectionsBefore: number;
}

/**
 * Has ana and benito exchange the first lines again in a group, which MLS encrypts, by the terminal client. Each line is
 * sent when the one before is received. In the middle benito's client is killed and started again.
 */
export async function exchangeInGroup(
  transcript: readonly Line[],
  fixture: DemoFixture,
): Promise<GroupRecord> {
  const lines = transcript.slice(0, MAX_LINES);
  const connectionsBefore = fixture.proxy.recordings.length;
  const keys = await Promise.all(speakers.map((name) => fixture.beginDevice(name)));
  const secrets = keys.map((path, at) => ({
    ...{ name: `${speakers[at]}'s recovery key`, sentIn: [] },
    text: readFileSync(path, "utf8").trim(),
  }));
  const start = (name: Speaker) => fixture.startGroupClient(name, GROUP);
  const ana = fixture.startGroupClient("ana", GROUP, ["benito"]);
  await until([ana], () => ana.isReady, "waiting for ana to create the group");
  const clients: Record<Speaker, Participant[]> = { ana: [ana], benito: [start("benito")] };
  // A client that is killed before it has stored that it showed a message shows it again, also one that it sent: a message is
  // one seq.
  const receivedBy = (name: Speaker) => {
    const all = clients[name].flatMap(({ received }) =>
      received.filter(({ from }) => from !== name),
    );
    return [...new Map(all.map(({ seq, text }) => [seq, text])).values()];
  };
  const everyone = () => [clients.ana.at(-1)!, clients.benito.at(-1)!];
  await until(everyone(), () => everyone()[1]!.isReady, "waiting for benito to join the group");
  const sent: Record<Speaker, number> = { ana: 0, benito: 0 };
  for (const [at, { speaker, text }] of lines.entries()) {
    if (at === Math.floor(lines.length / 2)) {
      await clients.benito.at(-1)!.kill();
      clients.benito.push(start("benito"));
    }
    await clients[speaker].at(-1)!.send(text);
    sent[speaker] += 1;
    const receiver = speaker === "ana" ? "benito" : "ana";
    const isReceived = () => receivedBy(receiver).length >= sent[speaker];
    await until(
      everyone(),
      isReceived,
      `waiting for ${receiver} to receive line ${at + 1} of the group`,
    );
  }
  const all = Object.values(clients).flat();
  await Promise.all(everyone().map((participant) => participant.stop()));
  return {
    ...{
      lines,
      connectionsBefore,
      secrets: [...secrets, { name: "the group's name", text: GROUP, sentIn: [] }],
    },
    received: { ana: receivedBy("ana"), benito: receivedBy("benito") },
    errors: all.flatMap(({ name, errors }) =>
      errors.map((error) => `${name} in the group: ${error}`),
    ),
  };
}

function until(
  participants: readonly Participant[],
  isDone: () => boolean,
  what: string,
): Promise<void> {
  return withStallTimeout(participants, (wait) => wait(isDone, what), { failure: () => undefined });
}
