import type { Actor } from "./actor.js";
import { type MessageRow, readMessageRows } from "./database-rows.js";
import { DemoError } from "./demo-error.js";
import { exchange } from "./exchange.js";
import { type Outage, problemsOfOutages } from "./outage.js";
import { withPatience } from "./patience.js";
import { readPlaces, readSources } from "./places.js";
import type { Progress } from "./progress.js";
import { investigate, type SecrecyReport } from "./secrecy.js";
import type { Stage } from "./stage.js";
import { type Line, type Speaker, speakers } from "./transcript.js";
import { problemsOf, type Seen } from "./verdict.js";

/** What one of them saw, and where they sat. */
export interface SeenFrom extends Seen {
  readonly seat: string;
}

export interface Outcome {
  readonly lines: readonly Line[];
  readonly seen: Readonly<Record<Speaker, SeenFrom>>;
  readonly rows: readonly MessageRow[];
  readonly secrecy: SecrecyReport;
  readonly outages: readonly Outage[];
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
  await progress.step("starting the server", START_SECONDS, () => stage.open());
  await progress.step("registering ana and benito", START_SECONDS, async () => {
    await Promise.all(speakers.map((name) => stage.register(name)));
  });
  const actors = await progress.step("opening their chat", START_SECONDS, () => enter(stage));
  const everyone = Object.values(actors);
  const baseline = [readSources(), ...readPlaces(stage)];

  const troubles: string[] = [];
  const said: Line[] = [];
  const outages: Outage[] = [];
  await progress.step("exchanging the lines", EXCHANGE_SECONDS, async () => {
    try {
      await exchange(lines, actors, stage, {
        onProgress: (done) => progress.count(done, lines.length),
        onSaid: (line) => said.push(line),
        onOutage: (outage) => outages.push(outage),
      });
    } catch (error) {
      // What did and did not arrive is worth telling all the same.
      if (!(error instanceof DemoError)) throw error;
      troubles.push(`stopped at line ${said.length} of ${lines.length}, ${error.message}`);
    }
  });
  await progress.step("stopping the clients", START_SECONDS, async () => {
    await Promise.all(everyone.map((actor) => actor.stop()));
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
      ...problemsOfOutages(outages, everyone, stage.proxy),
    ];
    return { lines: said, seen: actors, rows, secrecy, outages, problems };
  });
}

/** ana begins the chat, and benito joins. */
async function enter(stage: Stage): Promise<Record<Speaker, Actor>> {
  const isThere = (actor: Actor) =>
    withPatience([actor], (until) =>
      until(() => actor.isOnline, `waiting for ${actor.name}'s client`),
    );
  const ana = stage.startTerminal("ana");
  await isThere(ana);
  const benito = await stage.enterBenito();
  await isThere(benito);
  return { ana, benito };
}
