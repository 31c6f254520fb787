import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { outcomeOf, startProgram } from "./program.js";
import { ServerProcess } from "./server-process.js";
import { hasTmux, TmuxTerminal } from "./tmux.js";

const isThere = hasTmux();
if (!isThere && process.env.LACRE_REQUIRE_ALL) throw new Error("tmux is needed");
if (!isThere) console.warn("skipped: how chat looks in a terminal needs tmux");

describe.skipIf(!isThere)("chat in a terminal", () => {
  const folder = mkdtempSync(join(tmpdir(), "lacre-screen-test-"));
  const server = new ServerProcess(join(folder, "server.db"));
  const terminals: TmuxTerminal[] = [];

  beforeAll(async () => {
    await server.start();
    writeFileSync(join(folder, "password"), "correct horse");
    writeFileSync(join(folder, "passphrase"), "battery staple");
    await Promise.all(["alice", "bob"].map((name) => run(name, "register", name)));
  });
  afterAll(async () => {
    for (const terminal of terminals) terminal.close();
    await server.kill();
    rmSync(folder, { recursive: true });
  });

  const optionsOf = (profile: string) => [
    ...["--profile", profile, "--server", server.url],
    ...["--password-file", join(folder, "password")],
  ];
  const withPassphrase = () => ["--passphrase-file", join(folder, "passphrase")];
  const run = (profile: string, ...args: string[]) =>
    outcomeOf(startProgram(folder, [...optionsOf(profile), ...args]));

  function terminal(): TmuxTerminal {
    const env = { XDG_CONFIG_HOME: folder, XDG_STATE_HOME: folder };
    const opened = new TmuxTerminal({ width: 70, height: 16 }, env);
    terminals.push(opened);
    return opened;
  }

  it("shows who is there, what is said, and how far it came; and leaves the terminal as it was", async () => {
    const [alice, bob] = [terminal(), terminal()];
    const before = await alice.ask("stty -a");
    alice.run(...optionsOf("alice"), "chat", "bob");
    await alice.sees("A passphrase for your new chat with bob");
    alice.type("battery staple");
    alice.press("Enter");
    await alice.sees("The same passphrase again");
    expect(alice.screen()).not.toContain("battery");
    alice.type("battery staple");
    alice.press("Enter");
    await alice.sees("Enter sends");
    expect(alice.screen()).not.toContain("passphrase");
    alice.type("hola, ¿qué tal? 🫒");
    alice.press("Enter");
    // Nobody has it yet but the server.
    await alice.sees(/alice {2}hola, ¿qué tal\? 🫒 {1,2}✓$/m);

    bob.run(...optionsOf("bob"), ...withPassphrase(), "chat", "alice");
    await bob.sees("alice  hola, ¿qué tal?");
    await alice.sees("✓✓ read");
    await alice.sees("bob · online");
    bob.type("bien");
    await alice.sees("bob is typing…");
    bob.press("Enter");
    await alice.sees("bob  bien");
    await bob.sees(/bien {2}✓✓ read/);

    await server.kill();
    await alice.sees("offline: 0 queued");
    for (const text of ["one", "two"]) {
      alice.type(text);
      alice.press("Enter");
    }
    await alice.sees("offline: 2 queued");
    await alice.sees(/two {2}…/);
    await server.start();
    await bob.sees(/one\n.*two/);
    await alice.sees(/two {2}✓✓ read/);

    alice.press("C-c");
    await alice.seesPrompt();
    expect(await alice.ask("echo $code; stty -a")).toBe(`0\n${before}`);
    bob.press("C-d");
    await bob.seesPrompt();
  });

  it("shows nothing that the terminal would obey", async () => {
    const hostile = "\u001b[2J\u001b]0;owned\u0007 \u009b1m left\u202eright \u2066 ok";
    await outcomeOf(
      startProgram(folder, [...optionsOf("alice"), ...withPassphrase(), "send", "bob"]),
      hostile,
    );
    const bob = terminal();
    bob.run(...optionsOf("bob"), ...withPassphrase(), "chat", "alice");
    const seen = await bob.sees(" ok");
    expect(seen).toContain("hola, ¿qué tal?");
    expect(seen).toContain(
      "\u{fffd}[2J\u{fffd}]0;owned\u{fffd} \u{fffd}1m left\u{fffd}right \u{fffd} ok",
    );
    bob.press("C-c");
    await bob.seesPrompt();
  });

  it("leaves the terminal as it was when the chat cannot go on, and when it is told to end", async () => {
    const alice = terminal();
    const before = await alice.ask("stty -a");
    alice.run(...optionsOf("alice"), ...withPassphrase(), "chat", "bob");
    await alice.sees("Enter sends");
    await run("alice", "logout");
    await alice.sees("does not accept this login");
    await alice.seesPrompt();
    expect(await alice.ask("echo $code; stty -a")).toBe(`4\n${before}`);
    await run("alice", "login", "alice");
    alice.run(...optionsOf("alice"), ...withPassphrase(), "chat", "bob");
    await alice.sees("Enter sends");
    alice.press("C-z");
    await alice.sees("Stopped");
    expect(await alice.ask("stty -a")).toBe(before);
    alice.type("fg");
    alice.press("Enter");
    await alice.sees("Enter sends");
    alice.press("C-c");
    await alice.seesPrompt();
  });
});
