import type { LogReview } from "lacre/client/mls";
import type { GroupChats } from "./group-types.js";

/** Accepts the devices of a user whose safety number the user of this device has compared, and stores that it was equal. */
export async function acceptDevices(mls: GroupChats, { log, safetyNumber, accept }: LogReview) {
  await accept();
  await mls.sync();
  if ((await mls.safetyNumber(log.user_id)) === safetyNumber) await mls.setVerified(log.user_id);
}
