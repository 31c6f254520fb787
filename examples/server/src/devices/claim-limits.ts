import { tooOften } from "../http/limits.js";
import type { Services } from "../services.js";

/** Claims of one user's key packages by another user in an hour. */
const OF_USER_BY_USER = { name: "claim_by", points: 30, window: 3600 };
/** Claims of one user's key packages by all users in an hour, after which they receive only those of last resort. */
const OF_USER = { name: "claim_of", points: 60, window: 3600 };

/**
 * Counts a claim for each named user. Returns the users of whom many key packages were claimed: rejecting the claim instead
 * would let a few users keep all others from adding them to a chat.
 *
 * @throws {HttpError} if the claiming user claimed those of a named user too often.
 */
export async function countClaims(
  { coordination, metrics }: Services,
  claimant: number,
  user_ids: readonly number[],
): Promise<Set<number>> {
  const restricted = new Set<number>();
  const count = async (user_id: number) => {
    const own = await coordination.consume(OF_USER_BY_USER, `${claimant} ${user_id}`);
    if (!own.isAllowed) throw tooOften(OF_USER_BY_USER, own, metrics);
    const all = await coordination.consume(OF_USER, `${user_id}`);
    if (!all.isAllowed) restricted.add(user_id);
  };
  await Promise.all(user_ids.map(count));
  return restricted;
}
