import { createHash } from "node:crypto";
import { LacreError } from "lacre";
import { readKeyPackageHeader } from "lacre/mls";
import { MAX_KEY_PACKAGES } from "lacre-api";
import type {
  KeyPackageCount,
  NewKeyPackage,
  UnclaimedKeyPackage,
} from "../database/key-package-queries.js";
import type { Store } from "../database/store.js";
import { HttpError, quotaExceeded } from "../errors.js";
import type { ActiveSession } from "../identity/sessions.js";
import { bindSession, deviceNotFound } from "./device-sessions.js";

/** Key packages that a device publishes. */
export interface Published {
  readonly key_packages: readonly Uint8Array[];
  readonly last_resort: readonly Uint8Array[];
}

/**
 * Stores key packages of a device, all or none. Ignores those that the device published before, so that a repeated request
 * changes nothing.
 *
 * @throws {HttpError} if one is not of this device, if the user's log does not have the device, or if it has too many.
 */
export async function publishKeyPackages(
  store: Store,
  session: ActiveSession,
  device: string,
  { key_packages, last_resort }: Published,
): Promise<KeyPackageCount[]> {
  const { user_id } = session;
  const owner = { user_id, device };
  const oneTime = key_packages.map((one, at) => toRow(one, `key_packages.${at}`, owner, 0));
  const lastResorts = last_resort.map((one, at) => toRow(one, `last_resort.${at}`, owner, 1));
  if (new Set(lastResorts.map(({ suite }) => suite)).size < lastResorts.length) {
    throw new HttpError(422, "ERR_VALIDATION", "last_resort must have one for each suite");
  }
  return store.transaction(async (inside) => {
    await inside.devices.lock([user_id]);
    const known = await inside.devices.find(user_id, device);
    if (known === undefined) throw deviceNotFound();
    await bindSession(inside, session, device, known);
    for (const one of lastResorts) await inside.keyPackages.deleteLastResort(one);
    await inside.keyPackages.add([...lastResorts, ...oneTime]);
    const counts = await inside.keyPackages.count(user_id, device);
    if (counts.some((one) => one.is_last_resort === 0 && one.count > MAX_KEY_PACKAGES)) {
      throw quotaExceeded(
        `a device stores ${MAX_KEY_PACKAGES} key packages for each suite: publish only what is missing`,
      );
    }
    return counts;
  });
}

/** @throws {HttpError} if the bytes are not a key package of the device. */
function toRow(
  key_package: Uint8Array,
  path: string,
  owner: { readonly user_id: number; readonly device: string },
  is_last_resort: 0 | 1,
): NewKeyPackage {
  try {
    const { suite, user_id, device } = readKeyPackageHeader(key_package);
    if (user_id === owner.user_id && device === owner.device) {
      const digest = createHash("sha256").update(key_package).digest();
      return { ...owner, suite, is_last_resort, digest, key_package };
    }
  } catch (error) {
    if (!(error instanceof LacreError)) throw error;
  }
  throw new HttpError(422, "ERR_VALIDATION", `${path} must be a key package of this device`);
}

/** What a claim receives for one device. */
export interface ClaimedDevice {
  readonly user_id: number;
  readonly device: string;
  readonly key_package?: Uint8Array;
}

/** Users and the suite of a claim. */
export interface Claim {
  readonly user_ids: readonly number[];
  readonly suite: number;
  /** Users of whom many key packages were claimed lately: their devices give only that of last resort. */
  readonly restricted: ReadonlySet<number>;
}

/**
 * Returns the devices of users, except that of the session, each with a key package that no other claim receives. If it has
 * none left, with that of last resort.
 */
export async function claimKeyPackages(
  store: Store,
  session: ActiveSession,
  { user_ids, suite, restricted }: Claim,
): Promise<ClaimedDevice[]> {
  return store.transaction(async (inside) => {
    await inside.devices.lock(user_ids);
    const devices = await inside.devices.list(user_ids);
    const oldest = await inside.keyPackages.listOldest(user_ids, suite);
    const claimed: UnclaimedKeyPackage[] = [];
    const answer: ClaimedDevice[] = [];
    for (const { user_id, device } of devices) {
      if (user_id === session.user_id && device === session.device) continue;
      const own = oldest.filter((one) => one.user_id === user_id && one.device === device);
      const oneTime = restricted.has(user_id) ? undefined : own.find(isOneTime);
      if (oneTime !== undefined) claimed.push(oneTime);
      const { key_package } = oneTime ?? own.find((one) => !isOneTime(one)) ?? {};
      answer.push({ user_id, device, ...(key_package && { key_package }) });
    }
    await inside.keyPackages.claim(
      claimed.map(({ id }) => id),
      Date.now() / 1000,
    );
    return answer;
  });
}

function isOneTime({ is_last_resort }: UnclaimedKeyPackage): boolean {
  return is_last_resort === 0;
}
