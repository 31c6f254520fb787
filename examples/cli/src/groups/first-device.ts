import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import type { RecoveryKey } from "lacre/mls";
import type { GroupChats } from "lacre-client/groups";
import { CommandError, exitCodes } from "../command-error.js";
import { isConfirmed } from "../confirm.js";
import type { Options } from "../options.js";
import { note } from "../printing.js";
import { canAsk } from "../secrets.js";

/**
 * Makes this the first device of an account that has none.
 *
 * @throws {CommandError} if the account has other devices, or the recovery key cannot be shown or stored.
 */
export async function requireDevice(mls: GroupChats, options: Options): Promise<void> {
  if (mls.isLinked) return;
  if ((await mls.log(mls.user_id)) === undefined)
    return mls.begin((recoveryKey) => giveRecoveryKey(recoveryKey.toText(), options));
  if (mls.isLinked) return;
  throw new CommandError(
    "this device is not one of those of your account: run lacre-chat link here to add it with another device, " +
      "lacre-chat recover if you have only the recovery key, or lacre-chat devices --reset if you have neither",
  );
}

/** Shows the recovery key until the user has written it down, or writes it to a new file. */
export async function giveRecoveryKey(
  text: ReturnType<RecoveryKey["toText"]>,
  { recoveryKeyOut: path }: Options,
): Promise<void> {
  if (path !== undefined) return writeNewFile(path, `${text}\n`);
  if (!canAsk()) {
    throw new CommandError(
      "this is the first device of your account: run this in a terminal, which shows the recovery key, or give --recovery-key-out FILE",
      exitCodes.usage,
    );
  }
  await note("This is the first device of your account now. Write this recovery key on paper, and");
  await note(
    "keep it in a safe place. It is shown once. It replaces your devices if all are lost:",
  );
  await note(`\n  ${text}\n`);
  if (!(await isConfirmed("Have you written it down?")))
    throw new CommandError(
      "cancelled: nothing was changed, and this recovery key is void",
      exitCodes.interrupted,
    );
}

function writeNewFile(path: string, text: string): void {
  try {
    const file = openSync(path, "wx", 0o600);
    writeSync(file, text);
    fsyncSync(file);
    closeSync(file);
  } catch (error) {
    throw new CommandError(
      `the recovery key cannot be written to ${path} (${(error as Error).message}): name a new file`,
      exitCodes.usage,
    );
  }
}
