import { Blackout, problemsOfBlackout } from "./blackout.js";
import { stop } from "./child.js";
import { type MessageRow, readMessageRows } from "./database-rows.js";
import { DemoError } from "./demo-error.js";
import { exchange } from "./exchange.js";
import { withPatience } from "./patience.js";
import { readPlaces, readSources } from "./places.js";
import type { Progress } from "./progress.js";
import { investigate, type SecrecyReport } from "./secrecy.js";
import type { Stage } from "./stage.js";
import { type Line, type Speaker, speakers } from "./transcript.js";
import { problemsOf, type Seen } from "./verdict.js";

export interface Outcome {
  readonly lines: readonly Line[];
  readonly seen: Readonly<Record<Speaker, Seen>>;
  readonly rows: readonly MessageRow[];
  readonly secrecy: SecrecyReport;
  /** Undefined where the exchange did not get that far. */
  readonly blackout: Blackout | undefined;
  readonly problems: readonly string[];
}

const START_SECONDS = 60;
/** Thousands of long lines take their time; that nothing happens any more is noticed much earlier. */
const EXCHANGE_SECONDS = 3600;
const SEARCH_SECONDS = 600;

/** Plays a transcript through a real server and two real clients, and looks at what each of the three has of it. */
export async function perform(
  lines: readonly Line[],
  stage: Stage,
  progress: Progress,
): Promise<Outcome> {
  await progress.step("starting the server", START_SECONDS, () => stage.startServer());
  await progress.step("registering ana and benito", START_SECONDS, async () => {
    await Promise.all(speakers.map((name) => stage.register(name)));
  });
  const actors = { ana: stage.startChat("ana"), benito: stage.startChat("benito") };
  const everyone = Object.values(actors);
  await progress.step("opening their chat, both at once", START_SECONDS, async () => {
    const areOnline = () => everyone.every(({ isOnline }) => isOnline);
    await withPatience(everyone, (until) => until(areOnline, "waiting for the clients"));
  });
  const baseline = [readSources(), ...readPlaces(stage)];

  const troubles: string[] = [];
  const said: Line[] = [];
  let blackout: Blackout | undefined;
  const cutNetwork = (afterLine: number) => {
    blackout = new Blackout(stage.proxy, afterLine);
    return blackout;
  };
  await progress.step("exchanging the lines", EXCHANGE_SECONDS, async () => {
    try {
      const count = (done: number) => progress.count(done, lines.length);
      await exchange(lines, actors, count, (line) => said.push(line), cutNetwork);
    } catch (error) {
      // What did and did not arrive is worth telling all the same.
      if (!(error instanceof DemoError)) throw error;
      troubles.push(`stopped at line ${said.length} of ${lines.length}, ${error.message}`);
    }
  });
  await progress.step("stopping the clients", START_SECONDS, async () => {
    await Promise.all(everyone.map(({ process }) => stop(process)));
  });

  return progress.step("searching", SEARCH_SECONDS, async () => {
    const rows = await readMessageRows(stage.databasePath);
    const places = readPlaces(stage);
    const texts = said.map(({ text }) => text);
    const secrecy = investigate(texts, rows, places, baseline);
    const problems = [
      ...troubles,
      ...everyone.flatMap(({ name, errors }) =>
        errors.map((error) => `${name}'s client: ${error}`),
      ),
      ...problemsOf(said, actors, rows, secrecy),
      ...(blackout ? problemsOfBlackout(everyone, stage.proxy) : []),
    ];
    return { lines: said, seen: actors, rows, secrecy, blackout, problems };
  });
}
