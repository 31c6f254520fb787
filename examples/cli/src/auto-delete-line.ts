import {
  type Account,
  type AutoDeleteChange,
  describeAutoDelete,
  type OpenChat,
} from "lacre-client";
import { printable } from "./printable.js";

/** Formats a change of the auto-delete setting as one line. */
export function changeLine(
  {
    auto_delete_hours,
    change,
  }: { readonly auto_delete_hours: number; readonly change: AutoDeleteChange },
  name: string,
): string {
  const time = new Date(change.changed_at * 1000).toTimeString().slice(0, 5);
  return `${time} ${printable(name)} ${describeAutoDelete(auto_delete_hours)}`;
}

export interface LastChange {
  readonly line: string;
  /** The chat's last seq when the change was made. */
  readonly after: number;
}

/** Requests the last change of a chat's auto-delete setting from the server. Returns undefined if there is none. */
export async function lastChange(
  account: Account,
  { chat_id, peer_name }: OpenChat,
): Promise<LastChange | undefined> {
  const chat = (await account.listChats()).find((one) => one.chat_id === chat_id);
  const { auto_delete_hours = 0, auto_delete_change: change } = chat ?? {};
  if (change === undefined) return undefined;
  const name = change.user_id === account.user_id ? account.username : peer_name;
  return { line: changeLine({ auto_delete_hours, change }, name), after: change.after };
}
