import { StoreError, UnreachableError, type WhyNotConnected } from "lacre-client";
import { NotUtf8Error } from "lacre-client/node";
import { CommandConnection, NoAnswerError } from "../command-connection.js";
import { CommandError, exitCodes, failureOf } from "../command-error.js";
import { enterChat } from "../enter-chat.js";
import { isBlank, readLines, readText, withLineFeeds } from "../lines.js";
import type { Options } from "../options.js";
import { plainOutput, quietOutput } from "../output.js";
import { printable } from "../printable.js";
import { note } from "../printing.js";
import { Profile } from "../profile.js";

/** Default timeout without a terminal, in seconds. */
const SCRIPT_TIMEOUT = 30;
/** How long `--no-wait` waits for a server that accepts a connection but does not answer, in seconds. */
const NO_WAIT_TIMEOUT = 5;

export interface SendOptions extends Options {
  readonly lines?: boolean;
  readonly quiet?: boolean;
  /** In seconds. */
  readonly timeout?: number;
  /** False for `--no-wait`. */
  readonly wait: boolean;
}

/** `send`: sends one text, or each line of standard input. Ends when the server has stored all of them. */
export async function send(
  peer: string,
  text: string | undefined,
  options: SendOptions,
): Promise<void> {
  const { quiet = false, lines = false, wait } = options;
  const start = Date.now();
  const timeout = timeoutOf(options);
  const given = text ?? (lines || process.stdin.isTTY ? undefined : await readText(process.stdin));
  if (given !== undefined) assertText(given);
  let isStarting = true;
  const account = await new Profile(options).account(() =>
    isStarting ? start + timeout - Date.now() : timeout,
  );
  const chat = await enterChat(account, peer, options).catch((error) => {
    if (!(error instanceof UnreachableError)) throw error;
    const why = `Nothing was sent or kept: the chat with ${peer} was never opened here`;
    throw new CommandError(`${error.message} ${why}`, exitCodes.unreachable);
  });
  const connection = await CommandConnection.start({
    account,
    chats: [chat],
    output: quiet ? quietOutput : plainOutput(`Sending to ${printable(chat.peer_name)}.`),
    incoming: "ignored",
    waitLimits: { timeout, spent: Date.now() - start, isOnlineOnly: !wait },
  });
  isStarting = false;
  let isAllKept = false;
  let taken = 0;
  let inputError: Error | undefined;
  await connection.during(async () => {
    try {
      try {
        for await (const message of textsToSend(given, lines)) {
          await connection.send(chat, message);
          taken += 1;
        }
        isAllKept = true;
      } catch (error) {
        const canEnd =
          error instanceof NotUtf8Error ||
          error instanceof CommandError ||
          error instanceof StoreError;
        if (!canEnd || taken === 0) throw error;
        // The lines before the error are queued. Report how many were sent, so that the user does not send them again.
        inputError = error;
      }
      await connection.untilPending(0);
    } catch (error) {
      if (!(error instanceof NoAnswerError)) throw error;
    }
  });
  const { failed, messenger } = connection;
  const { pending } = messenger;
  const kept =
    `not sent yet: ${pending}. ${whyNotSent(account.login.server, connection.whyNotConnected)}. ` +
    "They are kept here, encrypted, and sent when send, chat or listen next reaches the server" +
    (isAllKept ? "" : ". The rest of standard input was not read: it is not kept");
  if (isAllKept && pending > 0 && !wait) {
    if (!quiet) await note(`  ${kept}`);
  } else if (pending > 0) {
    if (failed > 0) await note(`  ✗ not sent: ${failed}`);
    if (inputError !== undefined) await note(`  ✗ ${printable(inputError.message)}`);
    throw new CommandError(kept, exitCodes.unreachable);
  }
  if (inputError !== undefined) {
    const { message, exitCode } = failureOf(inputError)!;
    throw new CommandError(`${message}. Sent before it: ${taken - failed} messages`, exitCode);
  }
  if (failed > 0) throw new CommandError(`${failed} messages were not sent`);
}

function whyNotSent(server: string, why: WhyNotConnected): string {
  switch (why) {
    case "no socket":
      return `${server} answers, but opens no WebSocket: a proxy in between may not pass on Upgrade`;
    case "store":
      return "The files of this profile cannot be read or written";
    default:
      return `${server} does not answer`;
  }
}

/** Returns the timeout in milliseconds. In a terminal there is none by default: the user can stop with Ctrl-C. */
export function timeoutOf({ timeout, wait }: SendOptions): number {
  if (timeout !== undefined) return timeout * 1000;
  if (!wait) return NO_WAIT_TIMEOUT * 1000;
  return process.stdin.isTTY ? Number.POSITIVE_INFINITY : SCRIPT_TIMEOUT * 1000;
}

export function assertText(text: string): void {
  if (!isBlank(text)) return;
  throw new CommandError("the text is empty: nothing was sent", exitCodes.usage);
}

export async function* textsToSend(
  given: string | undefined,
  isByLine: boolean,
): AsyncGenerator<string> {
  if (given !== undefined) {
    yield withLineFeeds(given);
  } else if (isByLine) {
    for await (const line of readLines(process.stdin)) if (!isBlank(line)) yield line;
  } else {
    const text = await readText(process.stdin);
    assertText(text);
    yield text;
  }
}
