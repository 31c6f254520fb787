import type { Bytes } from "../bytes.js";
import { LacreError } from "../errors.js";

/**
 * A device log, or an entry of one, is rejected: it does not follow the rules (`ERR_DEVICE_LOG_INVALID`), it is not the log that
 * was seen before (`ERR_DEVICE_LOG_FORK`), or it is a shorter part of that log (`ERR_DEVICE_LOG_BEHIND`). After a fork, stop the
 * chats with the user and warn: the server shows different logs of this user.
 */
export class DeviceLogError extends LacreError {
  override readonly name = "DeviceLogError";
  declare readonly code: "ERR_DEVICE_LOG_INVALID" | "ERR_DEVICE_LOG_FORK" | "ERR_DEVICE_LOG_BEHIND";
  /** After a fork, the signed entries that exclude each other, as far as they are known. They prove the fork to others. */
  readonly entries: readonly Bytes[];
  /** Ids of the users whose logs are to be fetched before an MLS chat can go on, after `ERR_DEVICE_LOG_BEHIND`. */
  readonly user_ids: readonly number[];

  constructor(
    code: DeviceLogError["code"],
    message: string,
    entries: readonly Bytes[] = [],
    user_ids: readonly number[] = [],
  ) {
    super(code, message);
    this.entries = entries;
    this.user_ids = user_ids;
  }
}

/**
 * A step of an MLS chat is not possible: a commit waits for the server's answer, or is to be made first because a user leaves
 * (`ERR_COMMIT_PENDING`), or this device is not in the group, or not yet (`ERR_NOT_IN_GROUP`).
 */
export class MlsChatError extends LacreError {
  override readonly name = "MlsChatError";
  declare readonly code: "ERR_COMMIT_PENDING" | "ERR_NOT_IN_GROUP";

  constructor(code: MlsChatError["code"], message: string) {
    super(code, message);
  }
}

/** A history key or a history chunk is rejected: it is malformed, or not by a device or the recovery key of this user. */
export class HistoryError extends LacreError {
  override readonly name = "HistoryError";
  declare readonly code: "ERR_HISTORY_INVALID";

  constructor(reason: string) {
    super("ERR_HISTORY_INVALID", `the history ${reason}`);
  }
}

/** Returns the error about an entry that does not follow the rules. */
export function invalidEntry(reason: string): DeviceLogError {
  return new DeviceLogError("ERR_DEVICE_LOG_INVALID", `the entry of the device log ${reason}`);
}
