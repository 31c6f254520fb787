import { KeyError } from "lacre";
import { Account } from "../account.js";
import { Conversation } from "../conversation.js";
import { exitCodes, Failure } from "../failure.js";
import { type OpenChat, openChat } from "../open-chat.js";
import type { Options } from "../options.js";
import { jsonOutput, type Output, plainOutput } from "../output.js";
import { Reader } from "../reader.js";
import { readPassphrase } from "../secrets.js";
import { stopSignal } from "../stop-signal.js";
import { isSameName } from "../usernames.js";

/** Shows what comes in, from where the last `listen` or `chat` ended: of one chat, or of all that the passphrase opens. */
export async function listen(
  peer: string | undefined,
  options: Options & { json?: boolean },
): Promise<void> {
  const account = new Account(options.profile, options.server);
  const output = options.json
    ? jsonOutput
    : plainOutput(`Listening${peer === undefined ? "" : ` to ${peer}`}. Ctrl-C ends.`);
  const passphrase = await readPassphrase(options, peer);
  const chats = await openChats(account, peer, passphrase, output);
  const reader = new Reader(account, chats, output);
  const stopped = stopSignal();
  const conversation = await Conversation.start({ account, reader, output, incoming: "shown" });
  await conversation.during(() => stopped);
}

async function openChats(
  account: Account,
  peer: string | undefined,
  passphrase: string,
  output: Output,
): Promise<OpenChat[]> {
  const all = await account.listChats();
  const wanted = all.filter(({ peer_name }) => peer === undefined || isSameName(peer_name, peer));
  if (wanted.length === 0) {
    throw new Failure(
      peer === undefined
        ? "you have no chats yet: begin one with lacre-chat chat PEER"
        : `you have no chat with ${peer} yet: begin one with lacre-chat chat ${peer}`,
    );
  }
  const opened: OpenChat[] = [];
  for (const chat of wanted) {
    try {
      opened.push(await openChat(chat, passphrase, account.profile.pins));
    } catch (error) {
      if (!(error instanceof KeyError) || wanted.length === 1) throw error;
      output.error(error.code, `not listening to ${chat.peer_name}: ${error.message}`);
    }
  }
  if (opened.length > 0) return opened;
  throw new Failure("the passphrase opens none of your chats", exitCodes.wrongPassphrase);
}
