// Checks of arguments of MlsChat.
import { invalidArgument, listArgument, objectArgument, timeArgument } from "../arguments.js";
import { type Bytes, copyOfBytes, isClientId } from "../bytes.js";
import { wholeMilliseconds } from "../messages/chat-message-aad.js";
import { logsArgument, type ReadLogs } from "./chat-logs.js";
import type { ChatChanges, MessageIdentity } from "./chat-types.js";
import { Device } from "./device.js";
import { isId } from "./limits.js";

/** Returns an argument that must be a Device. @throws {ValidationError} if it is not. */
export function deviceArgument(device: Device): Device {
  if (device instanceof Device) return device;
  throw invalidArgument("device", "must be a Device");
}

/** Returns an argument that must be an id. @throws {ValidationError} if it is not. */
export function idArgument(value: number, name: string): number {
  if (isId(value)) return value;
  throw invalidArgument(name, "must be an integer from 1 to 2^53 − 1");
}

/** Returns a list of ids. @throws {ValidationError} if it has anything else. */
export function idsArgument(values: Iterable<number>, name: string): number[] {
  return listArgument(values, name).map((id) => idArgument(id, name));
}

/** Returns a copy of bytes, which the caller may change before the step ends. @throws {ValidationError} if they are not bytes. */
export function bytesArgument(value: Uint8Array, name: string): Bytes {
  const bytes = copyOfBytes(value);
  if (bytes !== undefined) return bytes;
  throw invalidArgument(name, "must be a Uint8Array");
}

/** Returns copies of a list of bytes. @throws {ValidationError} if it has anything else. */
export function bytesListArgument(values: Iterable<Uint8Array>, name: string): Bytes[] {
  return listArgument(values, name).map((value) => bytesArgument(value, name));
}

/** Returns the identity of a message, with its time in whole milliseconds. @throws {ValidationError} if a field is invalid. */
export function identityArgument({ client_id, timestamp }: MessageIdentity): MessageIdentity {
  if (!isClientId(client_id)) {
    throw invalidArgument("client_id", "must be a UUID in lower case, and not the nil UUID");
  }
  if (timeArgument(timestamp, "timestamp") < 0) {
    throw invalidArgument("timestamp", "must not be before 1970");
  }
  return { client_id, timestamp: wholeMilliseconds(timestamp) / 1000 };
}

/** Changes to commit, after the checks of arguments. */
export interface Changes extends MessageIdentity {
  readonly add: readonly number[];
  readonly remove: readonly number[];
  readonly keyPackages: readonly Bytes[];
  readonly logs: ReadLogs;
}

/** Returns changes to commit. @throws {ValidationError} if a field is invalid. */
export function changesArgument(changes: ChatChanges): Changes {
  const given = objectArgument(changes, "changes");
  const { add = [], remove = [], keyPackages = [], logs, ...rest } = given;
  return {
    add: idsArgument(add, "changes.add"),
    remove: idsArgument(remove, "changes.remove"),
    keyPackages: bytesListArgument(keyPackages, "changes.keyPackages"),
    logs: logsArgument(logs),
    ...identityArgument(rest),
  };
}
