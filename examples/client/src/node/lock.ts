import { lockFile } from "lacre/client/node";
import { StoreError } from "../errors.js";

/**
 * Runs `work` while no other process holds this lock. Takes over the lock of a process that no longer runs.
 *
 * @throws {StoreError} if the lock cannot be written.
 */
export async function withLock<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  const release = await lockFile(path).catch((error) => {
    const { message } = error as Error;
    throw new StoreError(
      `${path} cannot be written (${message}): make room for it, or see who owns it`,
    );
  });
  try {
    return await work();
  } finally {
    release();
  }
}
