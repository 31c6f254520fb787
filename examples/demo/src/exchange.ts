import type { DemoFixture } from "./fixture.js";
import { Outage } from "./outage.js";
import type { Participant } from "./participant.js";
import { type Until, withStallTimeout } from "./stall-timeout.js";
import type { Line, Speaker } from "./transcript.js";

export interface ExchangeObserver {
  onSend(line: Line): void;
  /** Called for each line that the peer has received, in the order of the transcript. `number` counts from 1. */
  onReceive(line: Line, number: number): void;
  onOutage(outage: Outage): void;
  onOutageEnd(outage: Outage): void;
  onWait(what: string): void;
}

/**
 * Has the participants exchange the lines. It sends consecutive lines of one speaker without a pause, and sends the peer's
 * next line when the peer has received all of them. It cuts the network and kills the server in between. Resolves when all
 * lines are acknowledged and read.
 */
export async function exchange(
  lines: readonly Line[],
  participants: Readonly<Record<Speaker, Participant>>,
  fixture: DemoFixture,
  observer: ExchangeObserver,
): Promise<void> {
  const everyone = Object.values(participants);
  const outages: Outage[] = [];
  const sentCount: Record<Speaker, number> = { ana: 0, benito: 0 };
  const receiverOf = (speaker: Speaker) => participants[speaker === "ana" ? "benito" : "ana"];
  const isReceived = (speaker: Speaker) =>
    receiverOf(speaker).received.length >= sentCount[speaker];
  const hasOutage = () => outages.some(({ seconds }) => seconds === undefined);
  const isConnected = () => !hasOutage() && fixture.proxy.welcomed >= everyone.length;
  const reportReceived = receiptReporter(lines, receiverOf, observer);
  for (const participant of everyone) participant.on("change", reportReceived);
  const begin = (outageOf: OutagePlan["outageOf"], at: number) => {
    const outage = outageOf(fixture, at);
    outages.push(outage);
    observer.onOutage(outage);
    void outage.ended.then(() => observer.onOutageEnd(outage));
  };
  const work = async (until: Until) => {
    for (const [at, line] of lines.entries()) {
      const { speaker, text } = line;
      for (const { outageOf } of planOf(lines).filter((one) => one.at === at)) {
        await outages.at(-1)?.ended;
        // Do not wait for the line sent last: the outage may begin at any point of its delivery.
        await until(isConnected, "waiting for both clients to be connected");
        begin(outageOf, at);
      }
      observer.onSend(line);
      await participants[speaker].send(text);
      outages.at(-1)?.countLine();
      sentCount[speaker] += 1;
      if (lines[at + 1]?.speaker === speaker) continue;
      const { name } = receiverOf(speaker);
      await until(() => isReceived(speaker), `waiting for ${name} to receive line ${at + 1}`);
    }
    await outages.at(-1)?.ended;
    for (const { name, sent } of everyone) {
      await until(() => isReceived(name), `waiting for ${name}'s lines to be received`);
      await until(() => sent.length >= sentCount[name], `waiting for ${name}'s lines to be sent`);
      const last = () => sent.at(-1)?.seq ?? 0;
      const isRead = () => participants[name].readUpTo >= last();
      await until(isRead, `waiting for ${name}'s lines to be read`);
    }
    await until(isConnected, "waiting for both clients to be connected");
  };
  await withStallTimeout(everyone, work, {
    onWait: (what) => observer.onWait(what),
    isSuspended: hasOutage,
    failure: () => fixture.serverFailure ?? outages.find(({ failure }) => failure)?.failure,
  });
}

interface OutagePlan {
  /** Number of lines sent before the outage. */
  readonly at: number;
  readonly outageOf: (fixture: DemoFixture, afterLine: number) => Outage;
}

/** Plans to cut the network after a third of the lines, and to kill the server after two thirds. */
function planOf(lines: readonly Line[]): OutagePlan[] {
  const kill = Math.floor((2 * lines.length) / 3);
  // Kill the server between two lines of one speaker if possible: the first may still be in flight then.
  const consecutive = lines.findIndex(
    ({ speaker }, at) => at >= Math.max(kill, 1) && speaker === lines[at - 1]!.speaker,
  );
  return [
    { at: Math.floor(lines.length / 3), outageOf: Outage.ofNetwork },
    { at: consecutive === -1 ? kill : consecutive, outageOf: Outage.ofServer },
  ];
}

/** Returns a function that reports the lines received since its last call, in the order of the transcript. */
function receiptReporter(
  lines: readonly Line[],
  receiverOf: (speaker: Speaker) => Participant,
  { onReceive }: ExchangeObserver,
): () => void {
  let next = 0;
  const reported: Record<Speaker, number> = { ana: 0, benito: 0 };
  return () => {
    for (;;) {
      const line = lines[next];
      if (line === undefined) return;
      if (receiverOf(line.speaker).received.length <= reported[line.speaker]) return;
      reported[line.speaker] += 1;
      next += 1;
      onReceive(line, next);
    }
  };
}
