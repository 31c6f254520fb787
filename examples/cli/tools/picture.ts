import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { outcomeOf, startProgram } from "../test/program.js";
import { ServerProcess } from "../test/server-process.js";
import { TmuxTerminal } from "../test/tmux.js";
import { svgOf } from "./svg.js";

// Draws docs/images/cli-chat.svg from a chat in a real terminal: `npx tsx examples/cli/tools/picture.ts`.

const SIZE = { width: 68, height: 15 };
const target = fileURLToPath(new URL("../../../docs/images/cli-chat.svg", import.meta.url));

const folder = mkdtempSync(join(tmpdir(), "lacre-picture-"));
const server = new ServerProcess();
const terminals: TmuxTerminal[] = [];

const optionsOf = (profile: string) => [
  ...["--profile", profile, "--server", server.url],
  ...["--password-file", join(folder, "secret"), "--passphrase-file", join(folder, "secret")],
];

async function openTerminal(profile: string, peer: string): Promise<TmuxTerminal> {
  const terminal = new TmuxTerminal(SIZE, { XDG_CONFIG_HOME: folder, XDG_STATE_HOME: folder });
  terminals.push(terminal);
  terminal.run(...optionsOf(profile), "chat", peer);
  await terminal.sees("Enter sends");
  return terminal;
}

try {
  writeFileSync(join(folder, "secret"), "a passphrase for the picture");
  await server.start();
  for (const name of ["ana", "benito", "carla"]) {
    await outcomeOf(startProgram(folder, [...optionsOf(name), "register", name]));
  }
  const ana = await openTerminal("ana", "benito");
  const benito = await openTerminal("benito", "ana");
  const say = async (who: TmuxTerminal, text: string) => {
    who.type(text);
    who.press("Enter");
    await Promise.all([ana.sees(text), benito.sees(text)]);
    await sleep(500);
  };
  await say(ana, "¿Vienes esta noche?");
  await say(benito, "Sí. ¿A qué hora?");
  await say(ana, "A las nueve. Trae aceitunas 🫒");
  await outcomeOf(startProgram(folder, [...optionsOf("carla"), "send", "ana", "hola, ana"]));
  await ana.sees(/aceitunas 🫒.*✓✓ read/);
  await ana.sees("carla 1");
  benito.press("C-c");
  await ana.sees("offline");
  ana.type("Y pan, si puedes");
  ana.press("Enter");
  await ana.sees(/puedes.*✓/);
  const back = await openTerminal("benito", "ana");
  await ana.sees(/puedes.*✓✓ read/);
  back.type("Con mucho g");
  await ana.sees("benito is typing");
  mkdirSync(join(target, ".."), { recursive: true });
  writeFileSync(target, svgOf(ana.screen({ colours: true }), SIZE, "lacre-chat chat benito"));
  console.log(`wrote ${target}`);
} finally {
  for (const terminal of terminals) terminal.close();
  await server.remove();
  rmSync(folder, { recursive: true, force: true });
}
