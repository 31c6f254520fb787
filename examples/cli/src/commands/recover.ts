import { isCancel, multiselect } from "@clack/prompts";
import { CommandError, exitCodes } from "../command-error.js";
import { GroupConnection } from "../groups/group-connection.js";
import { quietGroupOutput } from "../groups/group-output.js";
import { type MlsSession, withMls } from "../groups/mls-session.js";
import type { Options } from "../options.js";
import { note } from "../printing.js";
import { canAsk } from "../secrets.js";
import { askRecoveryKey, restoreBackup } from "./backup.js";
import { listDevices } from "./devices.js";

export interface RecoverOptions extends Options {
  readonly recoveryKeyFile?: string;
  /** Ids of the lost devices. */
  readonly remove?: readonly string[];
}

/** `recover`: makes this a device of the account by its recovery key, and removes lost devices. */
export async function recover(options: RecoverOptions): Promise<void> {
  const work = async (session: MlsSession) => {
    const { mls } = session;
    const log = await mls.log(mls.user_id);
    if (log === undefined)
      throw new CommandError("your account has no devices yet: run lacre-chat devices instead");
    const recoveryKey = await askRecoveryKey(options);
    await listDevices(session);
    const ids = log.devices.map(({ id }) => id).filter((id) => id !== mls.device?.id);
    const lost = options.remove ?? (await askForLost(ids));
    const unknown = lost.find((id) => !ids.includes(id));
    if (unknown !== undefined)
      throw new CommandError(`your account has no other device ${unknown}`, exitCodes.usage);
    await mls.recover(recoveryKey, lost);
    await restoreBackup(session, recoveryKey);
    const connection = new GroupConnection({ session, output: quietGroupOutput });
    await connection.during(() => connection.settle());
    await note("This device is one of your account now, and reads what is written from now on.");
    if (lost.length > 0) await note(`Removed devices: ${lost.length}.`);
  };
  await withMls(options, work, { hasDevice: false });
}

/** Asks which devices are lost. Without a terminal, none is. */
async function askForLost(ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0 || !canAsk()) return [];
  const answer = await multiselect({
    message: "Which of these devices are lost? They are removed (space selects, Enter ends)",
    options: ids.map((value) => ({ value, label: value })),
    required: false,
    output: process.stderr,
  });
  if (isCancel(answer)) throw new CommandError("cancelled", exitCodes.interrupted);
  return answer;
}
