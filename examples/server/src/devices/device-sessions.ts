import type { KnownDevice } from "../database/device-queries.js";
import type { Store } from "../database/store.js";
import { HttpError } from "../errors.js";
import type { ActiveSession } from "../identity/sessions.js";

/**
 * Makes a session one of a device, in the transaction of a request that only this device makes. A removal of the device then
 * ends the session.
 *
 * @throws {HttpError} if the device was removed, or if the session is one of another device.
 */
export async function bindSession(
  inside: Store,
  { session_id }: ActiveSession,
  device: string,
  known: KnownDevice | undefined,
): Promise<void> {
  if (known?.isRemoved) {
    throw new HttpError(403, "ERR_FORBIDDEN", "the device was removed: use a new device");
  }
  if (await inside.sessions.bind(session_id, device)) return;
  throw new HttpError(
    403,
    "ERR_FORBIDDEN",
    "this session is one of another device: log in again for this device",
  );
}

export const deviceNotFound = () =>
  new HttpError(404, "ERR_DEVICE_NOT_FOUND", "your device log has no such device");
