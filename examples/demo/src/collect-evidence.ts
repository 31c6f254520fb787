import buildPage from "../../web/tools/build-page.js";
import { readMessageRows } from "./database-rows.js";
import { DemoError } from "./demo-error.js";
import type { Evidence, Secret } from "./evidence.js";
import { exchange } from "./exchange.js";
import { type DemoFixture, PASSPHRASE, PASSWORD } from "./fixture.js";
import { exchangeInGroup, type GroupRecord } from "./group-exchange.js";
import { readDatabase, readLocations, readSources } from "./locations.js";
import type { Outage } from "./outage.js";
import type { Participant } from "./participant.js";
import type { Progress } from "./progress.js";
import { withStallTimeout } from "./stall-timeout.js";
import { readTraffic } from "./traffic.js";
import { type Line, type Speaker, speakers } from "./transcript.js";

/** Time limit for each step but the exchange. It is long enough for the first run on a busy machine. */
const START_SECONDS = 300;
/** Time limit for the exchange of thousands of long lines. The stall timeout ends an exchange without events much earlier. */
const EXCHANGE_SECONDS = 3600;

/** A login sends the password to the server. No message contains the passphrase. */
const SECRETS: readonly Secret[] = [
  { name: "the passphrase", text: PASSPHRASE, sentIn: [] },
  { name: "the password", text: PASSWORD, sentIn: ["wire to server"] },
];

/** Sends the lines through a real server and two real clients. Returns what all three of them stored, sent and received. */
export async function collectEvidence(
  lines: readonly Line[],
  fixture: DemoFixture,
  progress: Progress,
): Promise<Evidence> {
  if (fixture.usesWebClient) await progress.step("building the page", START_SECONDS, buildPage);
  await progress.step("starting the server", START_SECONDS, () => fixture.start());
  await progress.step("registering ana and benito", START_SECONDS, async () => {
    await Promise.all(speakers.map((name) => fixture.register(name)));
  });
  const participants = await progress.step("opening their chat", START_SECONDS, () =>
    startParticipants(fixture),
  );
  const everyone = Object.values(participants);
  const before = readLocations(fixture, readTraffic(fixture.proxy.recordings));
  const baseline = [readSources(), ...before];

  const failures: string[] = [];
  const sent: Line[] = [];
  const outages: Outage[] = [];
  await progress.step("exchanging the lines", EXCHANGE_SECONDS, async () => {
    try {
      await exchange(lines, participants, fixture, {
        onSend: (line) => sent.push(line),
        onReceive: (line, number) => progress.line(line, number, lines.length),
        onOutage: (outage) => {
          outages.push(outage);
          progress.note(`${outage.what} after line ${outage.afterLine}`);
        },
        onOutageEnd: ({ seconds }) =>
          progress.note(`reachable again after ${seconds!.toFixed(1)} s`),
        onWait: (what) => progress.waitFor(what),
      });
    } catch (error) {
      // Continue: the report shows what was delivered until then.
      if (!(error instanceof DemoError)) throw error;
      failures.push(`stopped at line ${sent.length} of ${lines.length}, ${error.message}`);
    }
  });
  let group: GroupRecord | undefined;
  if (fixture.hasGroup && failures.length === 0) {
    await progress.step("exchanging lines in a group", EXCHANGE_SECONDS, async () => {
      try {
        group = await exchangeInGroup(lines, fixture);
        failures.push(...group.errors);
      } catch (error) {
        if (!(error instanceof DemoError)) throw error;
        failures.push(`stopped in the group, ${error.message}`);
      }
    });
  }
  const databaseBeforeStop: Uint8Array[] = [];
  await progress.step("stopping the clients and the server", START_SECONDS, async () => {
    await Promise.all(everyone.map((participant) => participant.stop()));
    // Read the write-ahead log now, because the server removes it when it stops. Read the server's log after that, when
    // it is complete.
    databaseBeforeStop.push(...readDatabase(fixture));
    await fixture.stopServer();
  });

  const traffic = readTraffic(fixture.proxy.recordings);
  const locations = readLocations(fixture, traffic).map(({ name, parts }) => ({
    name,
    parts: name === "database" ? [...parts, ...databaseBeforeStop] : parts,
  }));
  const rows = await readMessageRows(fixture.databasePath);
  const errors = everyone.flatMap(({ name, errors }) =>
    errors.map((error) => `${name}'s client: ${error}`),
  );
  return {
    lines: sent,
    participants,
    rows,
    locations,
    baseline,
    secrets: [...SECRETS, ...(group?.secrets ?? [])],
    group,
    outages,
    traffic,
    failures: [...failures, ...errors],
  };
}

/** Starts both clients. ana creates the chat, and benito opens it. */
async function startParticipants(fixture: DemoFixture): Promise<Record<Speaker, Participant>> {
  const untilConnected = (participants: readonly Participant[]) =>
    withStallTimeout(
      participants,
      (until) =>
        until(
          () => fixture.proxy.welcomed >= participants.length,
          "waiting for the clients to connect",
        ),
      { failure: () => fixture.serverFailure },
    );
  const ana = fixture.startTerminalClient("ana");
  await untilConnected([ana]);
  const benito = await fixture.startBenito();
  await untilConnected([ana, benito]);
  return { ana, benito };
}
