import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { outcomeOf, startProgram } from "./program.js";
import { ServerProcess } from "./server-process.js";
import { hasTmux, TmuxTerminal } from "./tmux.js";

const PASSPHRASE = "olive battery staple harbor";

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
    writeFileSync(join(folder, "passphrase"), PASSPHRASE);
    await Promise.all(["alice", "bob", "dave"].map((name) => run(name, "register", name)));
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

  /** The chat as bob reads it. */
  const bobReads = () => run("bob", ...withPassphrase(), "history", "alice", "--json");

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
    await alice.sees("A new passphrase for your chat with bob");
    alice.type(PASSPHRASE);
    alice.press("Enter");
    await alice.sees(/Strong: .*[\s\S]*The same passphrase again/);
    expect(alice.screen()).not.toContain("battery");
    alice.type(PASSPHRASE);
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

  it("asks for a new password again where it is too short, or typed differently", async () => {
    const carol = terminal();
    carol.run("--profile", "carol", "--server", server.url, "register", "carol");
    await carol.sees("A new password for carol");
    carol.type("short");
    carol.press("Enter");
    await carol.sees("6 to 1024 characters");
    expect(carol.screen()).not.toContain("again");
    carol.type("correct horse");
    carol.press("Enter");
    await carol.sees("The same password again");
    carol.type("correct house");
    carol.press("Enter");
    await carol.sees(/The two passwords differ[\s\S]*A new password for carol/);
    carol.type("correct horse");
    carol.press("Enter");
    await carol.sees(/differ[\s\S]*The same password again/);
    carol.type("correct horse");
    carol.press("Enter");
    await carol.sees("You are carol");
    await carol.seesPrompt();
    expect(carol.screen()).not.toMatch(/horse|short|house/);
    expect(await run("carol", "login", "carol")).toMatchObject({ code: 0 });
  });

  it("judges a new chat's passphrase, and draws one", async () => {
    const dave = terminal();
    dave.run(...optionsOf("dave"), "chat", "alice");
    await dave.sees("Enter alone draws one");
    dave.type("hola");
    dave.press("Enter");
    await dave.sees(/Too weak: [\s\S]*Use it all the same\?/);
    // No is the answer that is offered.
    dave.press("Enter");
    await dave.sees(/all the same\?[\s\S]*Enter alone draws one/);
    dave.press("Enter");
    const seen = await dave.sees("Use it?");
    const [, drawn] = /^ {3}((?:[a-z]+ ){4}[a-z]+)$/m.exec(seen)!;
    dave.type("y");
    await dave.sees("Enter sends");
    dave.press("C-c");
    await dave.seesPrompt();
    writeFileSync(join(folder, "drawn"), drawn!);
    const opened = await run("alice", "--passphrase-file", join(folder, "drawn"), "open", "dave");
    expect(opened).toMatchObject({ code: 0 });
  });

  it("takes what is pasted as one text, writes new lines, and sends at Enter", async () => {
    const alice = terminal();
    alice.run(...optionsOf("alice"), ...withPassphrase(), "chat", "bob");
    await alice.sees("Enter sends");
    alice.paste("uno\ndos\ntres");
    await alice.sees(/^> uno\n {2}dos\n {2}tres/m);
    alice.press("M-Enter");
    alice.type("cuatro");
    alice.press("C-j");
    alice.press("Tab");
    alice.type("cinco");
    await alice.sees(/cuatro\n {2}cinco/);
    const { stdout: before } = await bobReads();
    expect(before).not.toContain("uno");
    alice.press("Enter");
    await alice.sees(/alice {2}uno\n +dos\n +tres\n +cuatro\n +cinco {2}✓/);
    // What is pasted never sends, also where it ends a line.
    alice.paste("seis\n");
    alice.type("siete");
    alice.press("Enter");
    await alice.sees(/alice {2}seis\n +siete {2}✓/);
    // What is pasted may have the mark of a paste's beginning in it.
    alice.type("\u001b[200~ocho \u001b[200~nueve\u001b[201~");
    await alice.sees(/^> ocho nueve/m);
    alice.press("C-u");
    const { stdout } = await bobReads();
    const texts = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).text);
    expect(texts.slice(-2)).toEqual(["uno\ndos\ntres\ncuatro\ncinco", "seis\nsiete"]);
    alice.press("C-c");
    await alice.seesPrompt();
  });

  it("has commands, and sends a slash that is written twice", async () => {
    const alice = terminal();
    alice.run(...optionsOf("alice"), ...withPassphrase(), "chat", "bob");
    await alice.sees("Enter sends");
    alice.type("/help");
    alice.press("Enter");
    await alice.sees(/\/who .*\n.*\/quit /);
    alice.type("/who");
    alice.press("Enter");
    await alice.sees(/alice \(you\), bob \((online|offline|not known whether online)\)/);
    alice.type("/quti now");
    alice.press("Enter");
    await alice.sees("not sent: there is no command /quti now.");
    // What was typed is there to be mended.
    await alice.sees("> /quti now");
    alice.press("C-u");
    alice.type("//etc is a folder");
    alice.press("Enter");
    await alice.sees(/alice {2}\/etc is a folder {2}✓/);
    const { stdout } = await bobReads();
    expect(stdout).not.toMatch(/quti|\/who|\/help/);
    alice.type("/quit");
    alice.press("Enter");
    await alice.seesPrompt();
    expect(await alice.ask("echo $code")).toBe("0\n");
  });

  it.each(["cols 2", "cols 1 rows 1", "cols 0 rows 0", "rows 2 cols 5"])(
    "obeys Ctrl-C and SIGTERM at %s",
    async (size) => {
      const alice = terminal();
      const chat = [...optionsOf("alice"), ...withPassphrase(), "chat", "bob"];
      for (const end of ["C-c", "SIGTERM"]) {
        alice.runAt(size, ...chat);
        await alice.showsOtherScreen();
        alice.type("漢字 🫒 é");
        if (end === "C-c") alice.press(end);
        else process.kill(alice.programId, end);
        await alice.showsOtherScreen(false);
        await alice.sees("ended with 0");
      }
    },
  );

  it("goes on after the terminal was shrunk to nothing", async () => {
    const alice = terminal();
    alice.run(...optionsOf("alice"), ...withPassphrase(), "chat", "bob");
    await alice.sees("Enter sends");
    for (const size of [
      { width: 2, height: 16 },
      { width: 1, height: 1 },
      { width: 40, height: 2 },
    ]) {
      alice.resize(size);
      alice.type(`at ${size.width}`);
      alice.press("Enter");
    }
    alice.resize({ width: 70, height: 16 });
    await alice.sees(/alice {2}at 2 {2}✓.*\n.*alice {2}at 1 {2}✓.*\n.*alice {2}at 40 {2}✓/);
    alice.press("C-c");
    await alice.seesPrompt();
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
    expect(await run("alice", "login", "alice")).toMatchObject({ code: 0 });
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
