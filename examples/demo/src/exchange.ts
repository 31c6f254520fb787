import type { Actor } from "./actor.js";
import { Outage } from "./outage.js";
import { withPatience } from "./patience.js";
import type { Stage } from "./stage.js";
import type { Line, Speaker } from "./transcript.js";

export interface Listener {
  onSaid(line: Line): void;
  /** A line was seen by the other, in whose order all of them are told. */
  onSeen(line: Line, number: number): void;
  onOutage(outage: Outage): void;
  onOutageEnd(outage: Outage): void;
  onWait(what: string): void;
}

/**
 * Lets the two say the lines: one speaker's are typed in a row, and the other answers when all of them have come. The
 * network is cut and the server is killed on the way, and the next speaker goes on. Ends when everything is acknowledged
 * and read.
 */
export async function exchange(
  lines: readonly Line[],
  actors: Readonly<Record<Speaker, Actor>>,
  stage: Stage,
  listener: Listener,
): Promise<void> {
  const everyone = Object.values(actors);
  const outages: Outage[] = [];
  const said: Record<Speaker, number> = { ana: 0, benito: 0 };
  const listenerOf = (speaker: Speaker) => actors[speaker === "ana" ? "benito" : "ana"];
  const isHeard = (speaker: Speaker) => listenerOf(speaker).received.length >= said[speaker];
  const hasOutage = () => outages.some(({ seconds }) => seconds === undefined);
  const isConnected = () => !hasOutage() && stage.proxy.welcomed >= everyone.length;
  const announce = announcer(lines, listenerOf, listener);
  for (const actor of everyone) actor.on("change", announce);
  const begin = (what: typeof Outage.ofNetwork, at: number) => {
    const outage = what(stage, at);
    outages.push(outage);
    listener.onOutage(outage);
    void outage.ended.then(() => listener.onOutageEnd(outage));
  };
  const work = async (until: Parameters<Parameters<typeof withPatience>[1]>[0]) => {
    for (const [at, line] of lines.entries()) {
      const { speaker, text } = line;
      for (const { begin: what } of planOf(lines).filter((one) => one.at === at)) {
        await outages.at(-1)?.ended;
        // What was just typed may be on its way: an outage comes when it comes.
        await until(isConnected, "waiting for both clients to be connected");
        begin(what, at);
      }
      listener.onSaid(line);
      await actors[speaker].say(text);
      outages.at(-1)?.noteLine();
      said[speaker] += 1;
      if (lines[at + 1]?.speaker === speaker) continue;
      const { name } = listenerOf(speaker);
      await until(() => isHeard(speaker), `waiting for ${name} to see line ${at + 1}`);
    }
    await outages.at(-1)?.ended;
    for (const { name, sent } of everyone) {
      await until(() => isHeard(name), `waiting for ${name}'s lines to be seen`);
      await until(() => sent.length >= said[name], `waiting for ${name}'s lines to be sent`);
      const last = () => sent.at(-1)?.seq ?? 0;
      const isRead = () => actors[name].readUpTo >= last();
      await until(isRead, `waiting for ${name}'s lines to be read`);
    }
    await until(isConnected, "waiting for both clients to be connected");
  };
  await withPatience(everyone, work, {
    onWait: (what) => listener.onWait(what),
    isExcused: hasOutage,
    failure: () => stage.serverFailure ?? outages.find(({ failure }) => failure)?.failure,
  });
}

/** The network is cut after a third of the lines, and the server is killed after two thirds, at once after a line if possible. */
function planOf(lines: readonly Line[]) {
  const kill = Math.floor((2 * lines.length) / 3);
  // Where a speaker goes on, the line before is not waited for: it may be at any stage of its way.
  const goesOn = lines.findIndex(
    ({ speaker }, at) => at >= Math.max(kill, 1) && speaker === lines[at - 1]!.speaker,
  );
  return [
    { at: Math.floor(lines.length / 3), begin: Outage.ofNetwork },
    { at: goesOn === -1 ? kill : goesOn, begin: Outage.ofServer },
  ];
}

/** Tells of each line when the other has seen it. */
function announcer(
  lines: readonly Line[],
  listenerOf: (speaker: Speaker) => Actor,
  { onSeen }: Listener,
): () => void {
  let next = 0;
  const seen: Record<Speaker, number> = { ana: 0, benito: 0 };
  return () => {
    for (;;) {
      const line = lines[next];
      if (line === undefined || listenerOf(line.speaker).received.length <= seen[line.speaker]) {
        return;
      }
      seen[line.speaker] += 1;
      next += 1;
      onSeen(line, next);
    }
  };
}
