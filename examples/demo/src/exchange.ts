import type { Actor } from "./actor.js";
import { Outage } from "./outage.js";
import { withPatience } from "./patience.js";
import type { Stage } from "./stage.js";
import type { Line, Speaker } from "./transcript.js";

export interface Listener {
  /** How many lines have come to whom they were for. */
  onProgress(done: number): void;
  onSaid(line: Line): void;
  onOutage(outage: Outage): void;
}

/**
 * Lets the two say the lines: one speaker's are typed in a row, and the other answers when all of them have come. After
 * a third the network is cut, after two thirds the server is killed, and whoever's turn it is goes on. Ends when
 * everything is acknowledged and read.
 */
export async function exchange(
  lines: readonly Line[],
  actors: Readonly<Record<Speaker, Actor>>,
  stage: Stage,
  { onProgress, onSaid, onOutage }: Listener,
): Promise<void> {
  const everyone = Object.values(actors);
  const plan = [
    { at: Math.floor(lines.length / 3), begin: Outage.ofNetwork },
    { at: Math.floor((2 * lines.length) / 3), begin: Outage.ofServer },
  ];
  for (const actor of everyone) {
    actor.on("change", () =>
      onProgress(actors.ana.received.length + actors.benito.received.length),
    );
  }
  await withPatience(everyone, async (until) => {
    const said: Record<Speaker, number> = { ana: 0, benito: 0 };
    const outages: Outage[] = [];
    const hasHeard = (listener: Actor) =>
      listener.received.length >= said[listener === actors.ana ? "benito" : "ana"];
    /** A server that is killed while it stores a message may not come to log it, and the log is searched for each. */
    const allIsQuiet = async () => {
      await outages.at(-1)?.ended;
      const isBack = ({ isOnline, timesOffline }: Actor) =>
        isOnline && timesOffline >= outages.length;
      await until(
        () => everyone.every((actor) => isBack(actor) && hasHeard(actor)),
        "waiting for the clients to be online and to have heard each other",
      );
    };
    for (const [at, line] of lines.entries()) {
      const { speaker, text } = line;
      for (const { begin } of plan.filter((one) => one.at === at)) {
        await allIsQuiet();
        outages.push(begin(stage, at));
        onOutage(outages.at(-1)!);
      }
      onSaid(line);
      await actors[speaker].say(text);
      outages.at(-1)?.noteLine();
      said[speaker] += 1;
      if (lines[at + 1]?.speaker === speaker) continue;
      const listener = actors[speaker === "ana" ? "benito" : "ana"];
      await until(() => hasHeard(listener), `waiting for ${listener.name} to see line ${at + 1}`);
    }
    await allIsQuiet();
    for (const actor of everyone) {
      const isRead = () =>
        actor.sent.length >= said[actor.name] && actor.readUpTo >= (actor.sent.at(-1)?.seq ?? 0);
      await until(isRead, `waiting for ${actor.name}'s lines to be read`);
    }
  });
}
