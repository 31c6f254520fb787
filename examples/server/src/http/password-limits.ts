import type { Context } from "hono";
import { usernameKey } from "lacre";
import type { Limit } from "../coordination/coordination.js";
import type { Origin } from "../identity/fair-queue.js";
import type { Services } from "../services.js";
import { clientAddress } from "./client-address.js";
import { tooOften } from "./limits.js";
import { networksOf } from "./networks.js";

/** Window in seconds of the limits per account and per device. */
const GUESSING_WINDOW = 600;

/** A login attempt within the limits. */
export interface PasswordAttempt {
  readonly origin: Origin;
  /** Removes the attempt from the count, because its password is correct. */
  succeeded(): Promise<void>;
}

/**
 * Limits requests that hash a password, by larger networks and by account, in addition to the limit per address. A device
 * that the account knows has separate counters, so that other devices' attempts cannot lock the owner out. Unknown names are
 * counted too, so that the answers do not reveal which users exist.
 *
 * @throws {HttpError} if a limit is exceeded.
 */
export function passwordLimits({ config, coordination, metrics }: Services) {
  const { authRequestsPerAddress: points, trustedProxies } = config;
  const account = { name: "account", points, window: GUESSING_WINDOW };
  const device = { name: "device", points, window: GUESSING_WINDOW };

  async function count(limit: Limit, key: string): Promise<void> {
    const allowance = await coordination.consume(limit, key);
    if (!allowance.isAllowed) throw tooOften(limit, allowance, metrics);
  }

  /** Counts an attempt for the client's networks, except the smallest, which `addressLimit` counts for all of /auth. */
  async function countNetworks(context: Context, name: string): Promise<string> {
    const all = networksOf(clientAddress(context, trustedProxies));
    for (const network of all.slice(1)) {
      await count({ name, points: network.share * points, window: 60 }, network.name);
    }
    return all.at(-1)!.name;
  }

  return {
    async registration(context: Context): Promise<Origin> {
      const network = await countNetworks(context, "network");
      return { network, isKnownDevice: false };
    },

    async login(
      context: Context,
      username: string,
      knownDevice: string | undefined,
    ): Promise<PasswordAttempt> {
      const isKnownDevice = knownDevice !== undefined;
      const network = await countNetworks(context, isKnownDevice ? "device_network" : "network");
      const name = usernameKey(username);
      const [limit, key] = isKnownDevice ? [device, `${knownDevice} ${name}`] : [account, name];
      await count(limit, key);
      return {
        origin: { network, isKnownDevice },
        succeeded: () => coordination.restore(limit, key),
      };
    },
  };
}
