import type { MlsHistory, RestoredHistory } from "lacre/client/mls";
import type { RecoveryKey } from "lacre/mls";
import { ServerRejectionError } from "../errors.js";
import type { GroupTitle } from "./group-title.js";

/** Codes of a server that has no history of this recovery key, or no history at all. */
const NONE: readonly string[] = ["ERR_HISTORY_NOT_FOUND", "ERR_NOT_FOUND"];

/** Restores the history. Returns undefined if the server has none of this recovery key. */
export async function restoreHistory(
  history: MlsHistory<typeof GroupTitle>,
  recoveryKey: RecoveryKey,
  onProgress?: (chunks: number) => void,
): Promise<RestoredHistory | undefined> {
  try {
    return await history.restore(recoveryKey, onProgress);
  } catch (error) {
    if (error instanceof ServerRejectionError && NONE.includes(error.code)) return undefined;
    throw error;
  }
}
