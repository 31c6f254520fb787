import type { ChatSummary } from "lacre";
import { type Account, findChat, isCreator, restartChat, takeUnsent } from "lacre-client";
import { CommandError, exitCodes } from "../command-error.js";
import { isConfirmed } from "../confirm.js";
import { assertNoGroup, DERIVING } from "../enter-chat.js";
import { textOf } from "../message-format.js";
import { readNewPassphrase } from "../new-passphrase.js";
import type { Options } from "../options.js";
import { printable, printableLines } from "../printable.js";
import { note } from "../printing.js";
import { Profile } from "../profile.js";
import { withProgress } from "../progress.js";
import { canAsk } from "../secrets.js";

/** `restart`: gives a chat a new passphrase, which deletes all its messages. Asks before that. */
export async function restart(peer: string, options: Options & { yes?: boolean }): Promise<void> {
  const account = await new Profile(options).account();
  assertNoGroup(account, peer, options);
  const chat = await findChat(account, peer);
  if (chat === undefined) {
    throw new CommandError(
      `you have no chat with ${peer} yet: begin one with lacre-chat chat ${peer}`,
    );
  }
  const name = printable(chat.peer_name);
  if (!(await isCreator(account, chat))) {
    throw new CommandError(
      `${name} began this chat, and only ${name} can start it over (ERR_FORBIDDEN)`,
    );
  }
  if (!options.yes) await confirmRestart(account, chat);
  const passphrase = await readNewPassphrase(options, account.username, chat.peer_name);
  const open = await withProgress(DERIVING, () => restartChat(account, chat, passphrase));
  await note(
    `The chat with ${name} is started over, and what was in it is deleted. Tell ${name} the new passphrase, in person or in a call.`,
  );
  const unsent = await takeUnsent(account, open);
  if (unsent.length > 0) await note("These messages were queued, and are not sent:");
  for (const message of unsent) {
    for (const line of printableLines(textOf(message))) await note(`  ${line}`);
  }
}

async function confirmRestart(
  account: Account,
  { chat_id, peer_name }: ChatSummary,
): Promise<void> {
  const queued = await account.stores.outbox.list();
  const unsent = queued.filter((message) => message.chat_id === chat_id).length;
  const warning =
    `All messages of your chat with ${printable(peer_name)} will be deleted, as the new passphrase does not open them. ` +
    (unsent > 0 ? `Queued messages that will not be sent: ${unsent}. ` : "");
  if (!canAsk())
    throw new CommandError(`${warning}Nothing was changed: add --yes to do it`, exitCodes.usage);
  if (!(await isConfirmed(`${warning}Start it over?`))) {
    throw new CommandError("cancelled", exitCodes.interrupted);
  }
}
