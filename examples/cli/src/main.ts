#!/usr/bin/env tsx
import { Command } from "commander";
import { LacreError } from "lacre";
import { authenticate } from "./commands/authenticate.js";
import { chat } from "./commands/chat.js";
import { listen } from "./commands/listen.js";
import { send } from "./commands/send.js";
import { exitCodes, Failure } from "./failure.js";

const program = new Command("lacre-chat")
  .description("Chat from the terminal, encrypted end to end: the server cannot read a word.")
  .option("--server <url>", "where the server is (the profile's, or http://127.0.0.1:8000)")
  .option("--profile <name>", "which account of yours to use", "default")
  .option("--password-file <file>", "read the account's password from a file")
  .option("--passphrase-file <file>", "read the chat's passphrase from a file")
  .showHelpAfterError("(lacre-chat --help shows what there is)")
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : exitCodes.usage));

program
  .command("register <username>")
  .description("make an account, and log in")
  .action((username, _, command) => authenticate("register", username, command.optsWithGlobals()));

program
  .command("login <username>")
  .description("log in to an account")
  .action((username, _, command) => authenticate("login", username, command.optsWithGlobals()));

program
  .command("chat <peer>")
  .description("show the history, then chat: what you type is sent, line by line")
  .option("--json", "events on standard output and texts on standard input, one a line")
  .action((peer, _, command) => chat(peer, command.optsWithGlobals()));

program
  .command("send <peer> [text]")
  .description("send a text, or what comes on standard input")
  .option("--lines", "each line of standard input is a message")
  .action((peer, text, _, command) => send(peer, text, command.optsWithGlobals()));

program
  .command("listen [peer]")
  .description("show what comes in, from one peer or from all that the passphrase opens")
  .option("--json", "one JSON object a line")
  .action((peer, _, command) => listen(peer, command.optsWithGlobals()));

// Whoever reads our output has had enough, as `head` has.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof Failure) && !(error instanceof LacreError)) throw error;
  const isWrongPassphrase = error.code === "ERR_WRONG_PASSPHRASE";
  const advice = isWrongPassphrase ? ". Use the one that the chat was begun with" : "";
  console.error(`lacre-chat: ${error.message}${advice}`);
  process.exitCode = isWrongPassphrase ? exitCodes.wrongPassphrase : exitCodeOf(error);
}

function exitCodeOf(error: Error): number {
  return error instanceof Failure ? error.exitCode : exitCodes.failed;
}
