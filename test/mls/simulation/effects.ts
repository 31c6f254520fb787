import type { ChatEvent, MlsChat } from "../../../src/mls/index.js";
import type { Disk, Report, StoredChat } from "./disk.js";
import type { Stored } from "./model-server.js";

/** Returns what is to be stored for an event. */
export function effectOf(
  disk: Disk,
  chat: MlsChat,
  { seq, message }: Stored,
  event: ChatEvent,
): { fields: Partial<StoredChat>; rest: Partial<Disk> } {
  const { chat_id } = chat;
  const { client_id, timestamp } = message;
  const stored = disk.chats.get(chat_id)!;
  const report = (reason: string): Partial<Disk> => {
    const one: Report = { chat_id, seq, client_id, reason };
    return { reports: [...disk.reports, one] };
  };
  switch (event.kind) {
    case "content": {
      const { text } = event.content as { text: string };
      const { sender } = event;
      const read = { chat_id, seq, client_id: client_id!, timestamp, text, sender };
      return { fields: {}, rest: { reads: [...disk.reads, read] } };
    }
    case "own": {
      if (disk.own.has(client_id!)) {
        const outbox = disk.outbox.filter((one) => one.message.client_id !== client_id);
        return { fields: {}, rest: { outbox } };
      }
      // This device sent it, and its state is from before that.
      const mustRejoin = stored.mustRejoin || BigInt(message.epoch!) >= chat.epoch;
      return { fields: { mustRejoin }, rest: report("own") };
    }
    case "roster":
    case "leaving":
      return { fields: {}, rest: {} };
    case "conflict": {
      const { lost, epoch } = event;
      const add = [...new Set([...stored.add, ...lost.add])];
      const remove = [...new Set([...stored.remove, ...lost.remove])];
      return { fields: { add, remove, mustRejoin: epoch === undefined }, rest: {} };
    }
    case "fork":
    case "log_needed":
      return { fields: { stopped: "fork" }, rest: report(event.kind) };
    case "removed":
      return { fields: { leavingIn: undefined, add: [], remove: [] }, rest: {} };
    case "unreadable": {
      // The client missed a commit, or cannot read one.
      const isStuck = message.content_type === "commit" && event.reason === "not_decryptable";
      const isBehind = event.reason === "unknown_epoch" || isStuck;
      const mustRejoin = stored.mustRejoin || (isBehind && chat.isActive);
      return { fields: { mustRejoin }, rest: report(event.reason) };
    }
  }
}
