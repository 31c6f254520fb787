import { invalidArgument } from "../../arguments.js";
import type { AnyContentDefinition } from "../../messages/define-content.js";
import { safetyNumber } from "../../mls/safety-number.js";
import type { Context } from "./context.js";
import type { LogReview } from "./types.js";

/** Fetches the whole log of another user. `resume` is called when the user of this device has accepted it. */
export async function reviewLog(
  { user_id, logs }: Context<AnyContentDefinition>,
  userId: number,
  resume: () => Promise<void>,
): Promise<LogReview> {
  const own = await logs.fetch(user_id);
  if (own === undefined || userId === user_id)
    throw invalidArgument("user_id", "must be of another user, for a device of an account");
  const log = await logs.read(userId);
  const accept = async () => {
    await logs.accept(log);
    await resume();
  };
  return { log, safetyNumber: await safetyNumber(own, log), accept };
}
