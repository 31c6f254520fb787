import type { ChatSummary } from "lacre";
import { type Account, describeExpiring, findChat } from "lacre-client";
import { changeLine } from "../auto-delete-line.js";
import { CommandError, exitCodes } from "../command-error.js";
import { isConfirmed } from "../confirm.js";
import type { Options } from "../options.js";
import { print } from "../printing.js";
import { Profile } from "../profile.js";
import { canAsk } from "../secrets.js";

const HOURS = { h: 1, d: 24, w: 168 } as const;
const MAX_HOURS = 87_600;

/**
 * `auto-delete`: shows or sets after which time messages of a chat are deleted, for both members. Asks first if the new setting
 * deletes existing messages.
 */
export async function autoDelete(
  peer: string,
  time: string | undefined,
  options: Options & { yes?: boolean },
): Promise<void> {
  const hours = time === undefined ? undefined : readHours(time);
  const account = await new Profile(options).account();
  const chat = await findChat(account, peer);
  if (chat === undefined) {
    throw new CommandError(
      `you have no chat with ${peer} yet: begin one with lacre-chat chat ${peer}`,
    );
  }
  if (hours === undefined || hours === (chat.auto_delete_hours ?? 0))
    return printSetting(account, chat);
  if (hours > 0 && !options.yes) await confirmDeletion(account, chat, hours);
  const setting = { auto_delete_hours: hours || null };
  await printSetting(account, await account.api.configureChat(chat.chat_id, setting));
}

async function printSetting(account: Account, chat: ChatSummary): Promise<void> {
  const { auto_delete_hours = 0, auto_delete_change: change, peer_name } = chat;
  if (change === undefined) return print("messages are kept: no member set a time");
  const name = change.user_id === account.user_id ? account.username : peer_name;
  await print(changeLine({ auto_delete_hours, change }, name));
}

async function confirmDeletion(
  account: Account,
  { chat_id }: ChatSummary,
  hours: number,
): Promise<void> {
  const expiring = await account.api.countExpiring(chat_id, hours);
  if (expiring.count === 0) return;
  const warning = describeExpiring(expiring, hours);
  if (!canAsk()) {
    throw new CommandError(`${warning} Nothing was changed: add --yes to do it`, exitCodes.usage);
  }
  if (!(await isConfirmed(`${warning} Delete them?`))) {
    throw new CommandError("cancelled", exitCodes.interrupted);
  }
}

/** Parses a time in hours; 0 for never. */
function readHours(time: string): number {
  if (time === "never") return 0;
  const [, count, unit] = /^(\d{1,5})([hdw])$/.exec(time) ?? [];
  const hours = Number(count) * HOURS[unit as keyof typeof HOURS];
  if (hours >= 1 && hours <= MAX_HOURS) return hours;
  throw new CommandError(
    `invalid time "${time}": give never, or hours, days or weeks such as 1h, 7d or 2w, up to ${MAX_HOURS}h`,
    exitCodes.usage,
  );
}
