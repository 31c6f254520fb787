import { type RecoveryKey, readRecoveryKey } from "lacre/mls";
import { ServerRejectionError } from "lacre-client";
import { CommandError, exitCodes } from "../command-error.js";
import { isConfirmed } from "../confirm.js";
import { type MlsSession, withMls } from "../groups/mls-session.js";
import type { Options } from "../options.js";
import { note, print } from "../printing.js";
import { withProgress } from "../progress.js";
import { canAsk, readSecret } from "../secrets.js";

export interface BackupOptions extends Options {
  readonly on?: boolean;
  readonly off?: boolean;
  readonly restore?: boolean;
  readonly recoveryKeyFile?: string;
  readonly yes?: boolean;
}

/** `backup`: says whether the messages of groups are backed up, turns that on or off, or restores them. */
export async function backup(options: BackupOptions): Promise<void> {
  const { on, off, restore } = options;
  if ([on, off, restore].filter(Boolean).length > 1)
    throw new CommandError("give one of --on, --off and --restore", exitCodes.usage);
  await withMls(options, async (session) => {
    const { history } = session;
    if (on) await turnOn(session, options);
    else if (off) await turnOff(session, options);
    else if (restore) await restoreBackup(session, await readKey(options));
    else {
      await history.write();
      await print(
        history.isOn ? "The backup of your groups is on." : "The backup of your groups is off.",
      );
    }
  });
}

async function turnOn({ history }: MlsSession, options: BackupOptions): Promise<void> {
  await history.turnOn(await readKey(options));
  await withProgress("Writing the backup", () => history.write());
  await note(
    "The backup of your groups is on, for all your devices. Only your recovery key opens it:",
  );
  await note("whoever has it, and what the server stores, reads all of it.");
}

async function turnOff({ history }: MlsSession, { yes = false }: BackupOptions): Promise<void> {
  const question = "Turn the backup off for all your devices, and delete it?";
  if (!yes) {
    if (!canAsk())
      throw new CommandError(
        `${question} Nothing was changed: add --yes to do it`,
        exitCodes.usage,
      );
    if (!(await isConfirmed(question))) throw new CommandError("cancelled", exitCodes.interrupted);
  }
  await history.turnOff();
  await note("The backup of your groups is off, and deleted.");
}

/** Restores the backup, and says what was restored. */
export async function restoreBackup(
  { history }: MlsSession,
  recoveryKey: RecoveryKey,
): Promise<void> {
  try {
    const { messages, rejected } = await withProgress("Restoring the backup", (report) =>
      history.restore(recoveryKey, (chunks) => report(`${chunks} parts`)),
    );
    await note(`Restored messages: ${messages}.`);
    if (rejected > 0)
      await note(`Parts that are damaged or not of your devices, and were left out: ${rejected}.`);
  } catch (error) {
    if (!(error instanceof ServerRejectionError) || error.code !== "ERR_HISTORY_NOT_FOUND")
      throw error;
    await note("There is no backup of this recovery key.");
  }
}

async function readKey({ recoveryKeyFile: file }: BackupOptions): Promise<RecoveryKey> {
  const question = "The recovery key, which you wrote on paper";
  return readRecoveryKey(await readSecret("recovery key", { file, question }));
}
