import buildPage from "../../web/tools/build-page.js";
import type { Actor } from "./actor.js";
import { readMessageRows } from "./database-rows.js";
import { DemoError } from "./demo-error.js";
import type { Evidence, Secret } from "./evidence.js";
import { exchange } from "./exchange.js";
import type { Outage } from "./outage.js";
import { withPatience } from "./patience.js";
import { readDatabase, readPlaces, readSources } from "./places.js";
import type { Progress } from "./progress.js";
import { PASSPHRASE, PASSWORD, type Stage } from "./stage.js";
import { readTraffic } from "./traffic.js";
import { type Line, type Speaker, speakers } from "./transcript.js";

/** For a machine that is cold and busy. */
const START_SECONDS = 300;
/** Thousands of long lines take their time; that nothing happens any more is noticed much earlier. */
const EXCHANGE_SECONDS = 3600;

/** A login sends the password; nothing sends the passphrase. */
const SECRETS: readonly Secret[] = [
  { name: "the passphrase", text: PASSPHRASE, sentIn: [] },
  { name: "the password", text: PASSWORD, sentIn: ["wire to server"] },
];

/** Plays a transcript through a real server and two real clients, and collects what each of the three has of it. */
export async function perform(
  lines: readonly Line[],
  stage: Stage,
  progress: Progress,
): Promise<Evidence> {
  if (stage.needsPage) await progress.step("building the page", START_SECONDS, buildPage);
  await progress.step("starting the server", START_SECONDS, () => stage.open());
  await progress.step("registering ana and benito", START_SECONDS, async () => {
    await Promise.all(speakers.map((name) => stage.register(name)));
  });
  const actors = await progress.step("opening their chat", START_SECONDS, () => enter(stage));
  const everyone = Object.values(actors);
  const before = readPlaces(stage, readTraffic(stage.proxy.recordings));
  const baseline = [readSources(), ...before];

  const troubles: string[] = [];
  const said: Line[] = [];
  const outages: Outage[] = [];
  await progress.step("exchanging the lines", EXCHANGE_SECONDS, async () => {
    try {
      await exchange(lines, actors, stage, {
        onSaid: (line) => said.push(line),
        onSeen: (line, number) => progress.line(line, number, lines.length),
        onOutage: (outage) => {
          outages.push(outage);
          progress.note(`${outage.what} after line ${outage.afterLine}`);
        },
        onOutageEnd: ({ seconds }) =>
          progress.note(`reachable again after ${seconds!.toFixed(1)} s`),
        onWait: (what) => progress.waitFor(what),
      });
    } catch (error) {
      // What did and did not arrive is worth reporting all the same.
      if (!(error instanceof DemoError)) throw error;
      troubles.push(`stopped at line ${said.length} of ${lines.length}, ${error.message}`);
    }
  });
  const running: Uint8Array[] = [];
  await progress.step("stopping the clients and the server", START_SECONDS, async () => {
    await Promise.all(everyone.map((actor) => actor.stop()));
    // A server that closes its database removes the write-ahead log, and then its own log is complete.
    running.push(...readDatabase(stage));
    await stage.stopServer();
  });

  const traffic = readTraffic(stage.proxy.recordings);
  const places = readPlaces(stage, traffic).map((place) =>
    place.name === "database" ? { ...place, parts: [...place.parts, ...running] } : place,
  );
  const rows = await readMessageRows(stage.databasePath);
  const errors = everyone.flatMap(({ name, errors }) =>
    errors.map((error) => `${name}'s client: ${error}`),
  );
  return {
    lines: said,
    seen: actors,
    rows,
    places,
    baseline,
    secrets: SECRETS,
    outages,
    traffic,
    troubles: [...troubles, ...errors],
  };
}

/** ana begins the chat, and benito joins. */
async function enter(stage: Stage): Promise<Record<Speaker, Actor>> {
  const areConnected = (actors: readonly Actor[]) =>
    withPatience(
      actors,
      (until) =>
        until(() => stage.proxy.welcomed >= actors.length, "waiting for the clients to connect"),
      { failure: () => stage.serverFailure },
    );
  const ana = stage.startTerminal("ana");
  await areConnected([ana]);
  const benito = await stage.enterBenito();
  await areConnected([ana, benito]);
  return { ana, benito };
}
