import { readFileSync } from "node:fs";
import {
  Command,
  type Command as CommanderCommand,
  CommanderError,
  InvalidArgumentError,
  Option,
} from "commander";
import { endOf, exitCodes } from "./command-error.js";
import { authenticate } from "./commands/authenticate.js";
import { autoDelete } from "./commands/auto-delete.js";
import { chat } from "./commands/chat.js";
import { chats } from "./commands/chats.js";
import { completion, shells } from "./commands/completion.js";
import { config } from "./commands/config.js";
import { contact } from "./commands/contact.js";
import { exportChat } from "./commands/export.js";
import { history } from "./commands/history.js";
import { listen } from "./commands/listen.js";
import { logout } from "./commands/logout.js";
import { open } from "./commands/open.js";
import { peers } from "./commands/peers.js";
import { restart } from "./commands/restart.js";
import { search } from "./commands/search.js";
import { send } from "./commands/send.js";
import { whoami } from "./commands/whoami.js";
import { printableLines } from "./printable.js";
import { note, OutputError, outputFailure, print } from "./printing.js";

const EXPLANATIONS = `
To begin:
  lacre-chat register alice      choose a password
  lacre-chat search bo           who is there?
  lacre-chat chat bob            agree on a passphrase with bob beforehand, not through this server
  echo hola | lacre-chat send bob --passphrase-file FILE

Options may stand before or after the command. Passwords and passphrases are asked for, or read from files; they are
never arguments. Those variables that options name are for scripts; an option wins over its variable.

Files, which only you may read:
  $XDG_CONFIG_HOME/lacre/PROFILE   (~/.config) the login, and what you chose with lacre-chat config
  $XDG_STATE_HOME/lacre/PROFILE    (~/.local/state) messages that wait to be sent, encrypted; how far chats were shown

Exit codes:
  0  done                              4  not logged in, or not any more
  1  failed, or output not written     5  the server cannot be reached
  2  not understood                    130  cancelled at a question
  3  wrong passphrase
`;

/** How long connections may take to close after the command is done, in milliseconds. */
const LINGER = 2000;

/** What commander prints on standard output. */
let help = "";

const { version } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
) as { readonly version: string };

const program = new Command("lacre-chat")
  .version(`lacre-chat ${version}`, "-V, --version", "print the version")
  .description("Chat from the terminal, encrypted end to end: the server cannot read a word.")
  .addOption(
    new Option("--server <url>", "where the server is (by default http://127.0.0.1:8000)").env(
      "LACRE_SERVER",
    ),
  )
  .addOption(
    new Option("--profile <name>", "which account of yours to use")
      .env("LACRE_PROFILE")
      .default("default"),
  )
  .addOption(
    new Option("--password-file <file>", "read the account's password from a file").env(
      "LACRE_PASSWORD_FILE",
    ),
  )
  .addOption(
    new Option("--passphrase-file <file>", "read the chat's passphrase from a file").env(
      "LACRE_PASSPHRASE_FILE",
    ),
  )
  .configureHelp({ showGlobalOptions: true })
  .addHelpText("after", EXPLANATIONS)
  .showHelpAfterError("(lacre-chat --help shows what there is)")
  .configureOutput({
    writeOut: (text) => {
      help += text;
    },
    writeErr: (text) => void note(text.trimEnd()),
  })
  .exitOverride();

program
  .command("register <username>")
  .description("make an account, and log in")
  .action((username, _, command) => authenticate("register", username, command.optsWithGlobals()));

program
  .command("login <username>")
  .description("log in to an account")
  .action((username, _, command) => authenticate("login", username, command.optsWithGlobals()));

program
  .command("logout")
  .description("end the login, here and at the server")
  .action((_, command) => logout(command.optsWithGlobals()));

withJson(program.command("whoami"))
  .description("say who is logged in")
  .action((_, command) => whoami(command.optsWithGlobals()));

withJson(program.command("search <beginning>"))
  .description("find people by the beginning of their names")
  .action((beginning, _, command) => search(beginning, command.optsWithGlobals()));

withJson(program.command("chats"))
  .description("list your chats")
  .action((_, command) => chats(command.optsWithGlobals()));

program
  .command("open <user>")
  .description("open the chat with a user, or begin it, with the passphrase that you share")
  .action((user, _, command) => open(user, command.optsWithGlobals()));

program
  .command("restart <user>")
  .description("start a chat over with a new passphrase, which deletes all messages of the chat")
  .option("--yes", "do not ask before messages are deleted")
  .action((user, _, command) => restart(user, command.optsWithGlobals()));

program
  .command("accept <user>")
  .description(
    "let a user who asked for it write to you; opening the chat or answering does the same",
  )
  .action((user, _, command) => contact("accept", user, command.optsWithGlobals()));

program
  .command("block <user>")
  .description(
    "decline a user's request, or stop a user from writing to you; the user gets no notice",
  )
  .action((user, _, command) => contact("block", user, command.optsWithGlobals()));

program
  .command("unblock <user>")
  .description("let a user whom you blocked write to you again")
  .action((user, _, command) => contact("unblock", user, command.optsWithGlobals()));

program
  .command("chat <user>")
  .description("chat: what was said before, what is said now, and what you type")
  .option("--json", "events on standard output and texts on standard input, one a line")
  .action((user, _, command) => chat(user, command.optsWithGlobals()));

program
  .command("send <user> [text...]")
  .description("send a text, or what comes on standard input")
  .option("--lines", "each line of standard input is a message; blank lines are skipped")
  .option(
    "--timeout <seconds>",
    "how long to wait for the server to acknowledge (by default 30, and at a terminal for ever)",
    seconds,
  )
  .option("--no-wait", "where the server cannot be reached, keep the messages for later and end")
  .option("-q, --quiet", "say only what goes wrong")
  .action((user, words: string[], _, command) =>
    send(user, words.length > 0 ? words.join(" ") : undefined, command.optsWithGlobals()),
  );

withJson(program.command("listen [user]"))
  .description("show what comes in, from one user or from all whose chats can be opened")
  .action((user, _, command) => listen(user, command.optsWithGlobals()));

withJson(program.command("history <user>"))
  .description("show the last messages of a chat")
  .option("--limit <number>", "how many, at most 100", countUpTo(100), 20)
  .option("--before <seq>", "those before this one", countUpTo(Number.MAX_SAFE_INTEGER))
  .action((user, _, command) => history(user, command.optsWithGlobals()));

program
  .command("auto-delete <user> [time]")
  .description("say or set when messages of a chat are deleted: never, 1h, 7d, 2w")
  .option("--yes", "do not ask before messages are deleted")
  .action((user, time, _, command) => autoDelete(user, time, command.optsWithGlobals()));

program
  .command("export <user>")
  .description("write a whole chat, decrypted: one JSON object a line")
  .option("-o, --output <file>", "into a file that only you may read")
  .action((user, _, command) => exportChat(user, command.optsWithGlobals()));

program
  .command("config [key] [value]")
  .description(
    "show or choose: server (an address), history (nothing, ciphertext), keys (ask, keep)",
  )
  .option("--unset", "choose nothing for the key")
  .action((key, value, _, command) => config(key, value, command.optsWithGlobals()));

program
  .command("completion <shell>")
  .description(`write a script for your shell to complete commands: ${shells.join(", ")}`)
  .action((shell) => completion(shell, program));

program
  .command("peers [command]", { hidden: true })
  .description("list the names of users that a command can take, for completion")
  .action((name, _, command) => peers(name, command.optsWithGlobals()));

function withJson(command: CommanderCommand): CommanderCommand {
  return command.option("--json", "one JSON object a line");
}

function seconds(given: string): number {
  const value = Number(given);
  if (/^\d{1,6}(\.\d+)?$/.test(given) && value > 0) return value;
  throw new InvalidArgumentError("It is a number of seconds above 0.");
}

function countUpTo(most: number): (given: string) => number {
  return (given) => {
    const value = Number(given);
    if (/^\d{1,16}$/.test(given) && value >= 1 && value <= most) return value;
    throw new InvalidArgumentError(`It is a whole number from 1 to ${most}.`);
  };
}

/** Runs the command and returns the exit code. */
async function run(): Promise<number> {
  try {
    await program.parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (help !== "") await print(help.trimEnd());
    if (error.exitCode !== 0) return exitCodes.usage;
  }
  const failure = outputFailure();
  if (failure === undefined) return 0;
  await note(`lacre-chat: done, but ${failure.message}`);
  return exitCodes.failed;
}

/** Explains an error on standard error and returns the exit code. */
async function explain(error: unknown): Promise<number> {
  // The reader of the output has had enough, as `head` has.
  if (error instanceof OutputError && error.isClosed) return 0;
  const end = endOf(error);
  if (end === undefined) throw error;
  // The message may quote what a server said.
  for (const line of printableLines(`lacre-chat: ${end.message}`)) await note(line);
  return end.exitCode;
}

process.exitCode = await run().catch(explain);
// A request that a server does not answer would keep the program running.
setTimeout(() => process.exit(), LINGER).unref();
