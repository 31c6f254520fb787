import type { Actor } from "./actor.js";
import type { Blackout } from "./blackout.js";
import { withPatience } from "./patience.js";
import type { Line, Speaker } from "./transcript.js";

/**
 * Lets the two say the lines: one speaker's are typed in a row, and the other answers when all of them have come. Half
 * way through, the network is cut, and whoever's turn it is goes on. Ends when everything is acknowledged and read.
 */
export async function exchange(
  lines: readonly Line[],
  actors: Readonly<Record<Speaker, Actor>>,
  onProgress: (done: number) => void,
  onSaid: (line: Line) => void,
  cutNetwork: (afterLine: number) => Blackout,
): Promise<void> {
  const everyone = Object.values(actors);
  for (const actor of everyone) {
    actor.on("change", () =>
      onProgress(actors.ana.received.length + actors.benito.received.length),
    );
  }
  await withPatience(everyone, async (until) => {
    const said: Record<Speaker, number> = { ana: 0, benito: 0 };
    const half = Math.floor(lines.length / 2);
    let blackout: Blackout | undefined;
    for (const [at, line] of lines.entries()) {
      const { speaker, text } = line;
      if (at === half) blackout = cutNetwork(at);
      onSaid(line);
      await actors[speaker].say(text);
      blackout?.noteLine();
      said[speaker] += 1;
      if (lines[at + 1]?.speaker === speaker) continue;
      const listener = actors[speaker === "ana" ? "benito" : "ana"];
      const hasHeard = () => listener.received.length >= said[speaker];
      await until(hasHeard, `waiting for ${listener.name} to see line ${at + 1}`);
    }
    for (const actor of everyone) {
      const isRead = () =>
        actor.sent.length >= said[actor.name] && actor.readUpTo >= (actor.sent.at(-1)?.seq ?? 0);
      await until(isRead, `waiting for ${actor.name}'s lines to be read`);
    }
  });
}
