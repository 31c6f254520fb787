import { readFileSync } from "node:fs";
import {
  Command,
  type Command as CommanderCommand,
  CommanderError,
  InvalidArgumentError,
  Option,
} from "commander";
import { exitCodes, failureOf } from "./command-error.js";
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
import { addGroupCommands } from "./group-commands.js";
import { printableLines } from "./printable.js";
import { note, OutputError, outputFailure, print } from "./printing.js";

const EXPLANATIONS = `
To begin:
  lacre-chat register alice      choose a password
  lacre-chat search bo           find users whose names begin with bo
  lacre-chat chat bob            agree on a passphrase with bob beforehand, not through this server
  echo hola | lacre-chat send bob --passphrase-file FILE

Options may come before or after the command. Passwords and passphrases are asked for or read from files; they are never
arguments. Scripts can set the environment variable that an option names instead. The option has priority.

Files, which only you may read:
  $XDG_CONFIG_HOME/lacre/PROFILE   (~/.config) the login, and the settings of lacre-chat config
  $XDG_STATE_HOME/lacre/PROFILE    (~/.local/state) queued messages, encrypted; how far chats were shown

Exit codes:
  0  done                              4  not logged in, or the login has ended
  1  failed, or output not written     5  the server cannot be reached
  2  invalid command or input          130  cancelled at a question
  3  wrong passphrase
`;

/** Maximum time until the process exits after the command is done, in milliseconds. */
const EXIT_TIMEOUT = 2000;

/** The help or version text that commander writes to standard output. It is printed when parsing ends. */
let help = "";

const { version } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
) as { readonly version: string };

const program = new Command("lacre-chat")
  .version(`lacre-chat ${version}`, "-V, --version", "print the version")
  .description("Chat from the terminal, encrypted end to end: the server cannot read messages.")
  .addOption(
    new Option("--server <url>", "address of the server (by default http://127.0.0.1:8000)").env(
      "LACRE_SERVER",
    ),
  )
  .addOption(
    new Option("--profile <name>", "which of your accounts to use")
      .env("LACRE_PROFILE")
      .default("default"),
  )
  .addOption(
    new Option("--password-file <file>", "read the account's password from a file").env(
      "LACRE_PASSWORD_FILE",
    ),
  )
  .addOption(
    new Option(
      "--recovery-key-out <file>",
      "write the recovery key of a new device log to a new file",
    ).env("LACRE_RECOVERY_KEY_OUT"),
  )
  .addOption(
    new Option("--passphrase-file <file>", "read the chat's passphrase from a file").env(
      "LACRE_PASSPHRASE_FILE",
    ),
  )
  .configureHelp({ showGlobalOptions: true })
  .addHelpText("after", EXPLANATIONS)
  .showHelpAfterError("(lacre-chat --help lists commands and options)")
  .configureOutput({
    writeOut: (text) => {
      help += text;
    },
    writeErr: (text) => void note(text.trimEnd()),
  })
  .exitOverride();

program
  .command("register <username>")
  .description("create an account, and log in")
  .action((username, _, command) => authenticate("register", username, command.optsWithGlobals()));

program
  .command("login <username>")
  .description("log in to an account")
  .action((username, _, command) => authenticate("login", username, command.optsWithGlobals()));

program
  .command("logout")
  .description("log out, here and at the server")
  .action((_, command) => logout(command.optsWithGlobals()));

withJson(program.command("whoami"))
  .description("show who is logged in")
  .action((_, command) => whoami(command.optsWithGlobals()));

withJson(program.command("search <beginning>"))
  .description("find users by the beginning of their names")
  .action((beginning, _, command) => search(beginning, command.optsWithGlobals()));

withJson(program.command("chats"))
  .description("list your chats")
  .action((_, command) => chats(command.optsWithGlobals()));

program
  .command("open <user>")
  .description("open the chat with a user, or create it, with the passphrase that you share")
  .action((user, _, command) => open(user, command.optsWithGlobals()));

program
  .command("restart <user>")
  .description("start a chat over with a new passphrase, which deletes all messages of the chat")
  .option("--yes", "do not ask before messages are deleted")
  .action((user, _, command) => restart(user, command.optsWithGlobals()));

program
  .command("accept <user>")
  .description(
    "accept a user's request to write to you; opening the chat or answering accepts it too",
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

withGroup(program.command("chat [user] [others...]"))
  .description("show a chat live, and send what you type; --group NAME USER... creates a group")
  .option("--json", "events on standard output and texts on standard input, one per line")
  .action(async (user, others: string[], _, command) => {
    const options = command.optsWithGlobals();
    if (options.group === undefined) return chat(oneUser(user, others, command), options);
    const { groupChat } = await import("./commands/group-chat.js");
    return groupChat(user === undefined ? [] : [user, ...others], options);
  });

withGroup(program.command("send [user] [text...]"))
  .description("send a text, or all of standard input")
  .option("--lines", "each line of standard input is a message; blank lines are skipped")
  .option(
    "--timeout <seconds>",
    "how long to wait for an acknowledgement (by default 30; without limit in a terminal)",
    seconds,
  )
  .option("--no-wait", "if the server cannot be reached, queue the messages and end")
  .option("-q, --quiet", "print errors only")
  .action(async (user, words: string[], _, command) => {
    const options = command.optsWithGlobals();
    const textOf = (all: string[]) => (all.length > 0 ? all.join(" ") : undefined);
    if (options.group === undefined)
      return send(oneUser(user, [], command), textOf(words), options);
    const { groupSend } = await import("./commands/group-send.js");
    return groupSend(textOf(user === undefined ? [] : [user, ...words]), options);
  });

withJson(withGroup(program.command("listen [user]")))
  .description("show incoming messages, from one user or from all whose chats can be opened")
  .action(async (user, _, command) => {
    const options = command.optsWithGlobals();
    if (options.group === undefined) return listen(user, options);
    noUser(user, command);
    const { groupListen } = await import("./commands/group-listen.js");
    return groupListen(options);
  });

withJson(withGroup(program.command("history [user]")))
  .description("show the last messages of a chat")
  .option("--limit <number>", "how many, at most 100", countUpTo(100), 20)
  .option("--before <seq>", "only messages before this seq", countUpTo(Number.MAX_SAFE_INTEGER))
  .action(async (user, _, command) => {
    const options = command.optsWithGlobals();
    if (options.group === undefined) return history(oneUser(user, [], command), options);
    noUser(user, command);
    const { groupHistory } = await import("./commands/group-history.js");
    return groupHistory(options);
  });

program
  .command("auto-delete <user> [time]")
  .description("show or set when messages of a chat are deleted: never, 1h, 7d, 2w")
  .option("--yes", "do not ask before messages are deleted")
  .action((user, time, _, command) => autoDelete(user, time, command.optsWithGlobals()));

program
  .command("export <user>")
  .description("write a whole chat, decrypted: one JSON object per line")
  .option("-o, --output <file>", "write to a file that only you may read")
  .action((user, _, command) => exportChat(user, command.optsWithGlobals()));

addGroupCommands(program);

program
  .command("config [key] [value]")
  .description(
    "show or change settings: server (an address), history (nothing, ciphertext), keys (ask, keep)",
  )
  .option("--unset", "reset the key to its default")
  .action((key, value, _, command) => config(key, value, command.optsWithGlobals()));

program
  .command("completion <shell>")
  .description(`print a script for your shell that completes commands: ${shells.join(", ")}`)
  .action((shell) => completion(shell, program));

program
  .command("peers [command]", { hidden: true })
  .description("list the names of users that a command can take, for completion")
  .action((name, _, command) => peers(name, command.optsWithGlobals()));

function withJson(command: CommanderCommand): CommanderCommand {
  return command.option("--json", "print one JSON object per line");
}

function withGroup(command: CommanderCommand): CommanderCommand {
  return command.option("--group <name>", "the group of this name, or #ID, instead of a user");
}

/** Returns the only user of a command. */
function oneUser(
  user: string | undefined,
  others: readonly string[],
  command: CommanderCommand,
): string {
  if (user !== undefined && others.length === 0) return user;
  return command.error("error: name one user, or a group with --group NAME");
}

function noUser(user: string | undefined, command: CommanderCommand): void {
  if (user !== undefined) command.error("error: name a user or a group, not both");
}

function seconds(given: string): number {
  const value = Number(given);
  if (/^\d{1,6}(\.\d+)?$/.test(given) && value > 0) return value;
  throw new InvalidArgumentError("Use a number of seconds above 0.");
}

function countUpTo(most: number): (given: string) => number {
  return (given) => {
    const value = Number(given);
    if (/^\d{1,16}$/.test(given) && value >= 1 && value <= most) return value;
    throw new InvalidArgumentError(`Use a whole number from 1 to ${most}.`);
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
  // The reader has closed the pipe, as `head` does.
  if (error instanceof OutputError && error.isClosed) return 0;
  const failure = failureOf(error);
  if (failure === undefined) throw error;
  // The message may quote untrusted text of a server.
  for (const line of printableLines(`lacre-chat: ${failure.message}`)) await note(line);
  return failure.exitCode;
}

process.exitCode = await run().catch(explain);
// An unanswered request would keep the process running.
setTimeout(() => process.exit(), EXIT_TIMEOUT).unref();
