import {
  type Device,
  encryptHistory,
  encryptPins,
  type HistoryKey,
  makeHistoryKey,
  readHistoryKey,
} from "lacre/mls";
import { base64, type DeviceAccount } from "./device-account.js";

/** A user whose history is on, or is to be turned on. */
export class HistoryAccount {
  readonly account: DeviceAccount;
  readonly key: HistoryKey;
  readonly #bytes: Uint8Array;

  private constructor(account: DeviceAccount, bytes: Uint8Array) {
    this.account = account;
    this.key = readHistoryKey(bytes, account.log);
    this.#bytes = bytes;
  }

  static async of(account: DeviceAccount): Promise<HistoryAccount> {
    const { recoveryKey, user } = account;
    return new HistoryAccount(account, await makeHistoryKey(recoveryKey, user.id));
  }

  /** Turns the history on. */
  static async on(account: DeviceAccount): Promise<HistoryAccount> {
    const made = await HistoryAccount.of(account);
    await made.publish();
    return made;
  }

  publish(user = this.account.user, to = this.key.id) {
    return user.put(`/history/${to}`, { history_key: base64(this.#bytes) });
  }

  /** Makes a chunk with one message of the given length. */
  async chunk(first_seq: number, chat_id = 42, length = 4, device: Device = this.account.first) {
    const message = {
      ...{ seq: first_seq, sender_id: 9, device: "0".repeat(32), timestamp: 1, stored_at: 1 },
      client_id: "018bcfe5-687b-7abc-8def-0123456789ab",
      content: { kind: "text" as const, text: "x".repeat(length) },
    };
    const options = { chat_id, messages: [message], now: Date.now() / 1000 };
    return (await encryptHistory(device, this.key, options)).chunk;
  }

  pins(device: Device = this.account.first) {
    return encryptPins(device, this.key, { pins: [], now: Date.now() / 1000 });
  }

  path(first_seq: number, chat_id = 42, device = this.account.first.id, to = this.key.id) {
    return `/history/${to}/${device}/${chat_id}/${first_seq}`;
  }

  /** Writes a chunk with one message. */
  async write(first_seq: number, chat_id = 42, length = 4) {
    const chunk = base64(await this.chunk(first_seq, chat_id, length));
    return this.account.user.put(this.path(first_seq, chat_id), { chunk });
  }

  list(after = 0) {
    return this.account.user.get(`/history/${this.key.id}?after=${after}`);
  }

  /** Returns the ids of all chunks. */
  async ids(): Promise<number[]> {
    const ids: number[] = [];
    for (let more = true; more; ) {
      const { body } = await this.list(ids.at(-1) ?? 0);
      ids.push(...body.chunks.map((one: { chunk_id: number }) => one.chunk_id));
      more = body.has_more;
    }
    return ids;
  }
}
