import { type RecoveryKey, readRecoveryKey } from "lacre/mls";
import { restoreHistory } from "lacre-client/groups";
import { CommandError, exitCodes } from "../command-error.js";
import { requireConfirmed } from "../confirm.js";
import { type MlsSession, withMls } from "../groups/mls-session.js";
import type { Options } from "../options.js";
import { note, print } from "../printing.js";
import { withProgress } from "../progress.js";
import { readSecret } from "../secrets.js";

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
    else if (restore) await restoreBackup(session, await askRecoveryKey(options));
    else {
      await history.write();
      await print(
        history.isOn ? "The backup of your groups is on." : "The backup of your groups is off.",
      );
    }
  });
}

async function turnOn({ history }: MlsSession, options: BackupOptions): Promise<void> {
  await history.turnOn(await askRecoveryKey(options));
  await withProgress("Writing the backup", () => history.write());
  await note(
    "The backup of your groups is on, for all your devices. Only your recovery key opens it:",
  );
  await note("a thief of the key who also gets what the server stores reads all of it.");
}

async function turnOff({ history }: MlsSession, options: BackupOptions): Promise<void> {
  await requireConfirmed("Turn the backup off for all your devices, and delete it?", options);
  await history.turnOff();
  await note("The backup of your groups is off, and deleted.");
}

/** Restores the backup, and says what was restored. */
export async function restoreBackup(
  { history }: MlsSession,
  recoveryKey: RecoveryKey,
): Promise<void> {
  const restored = await withProgress("Restoring the backup", (report) =>
    restoreHistory(history, recoveryKey, (chunks) => report(`${chunks} parts`)),
  );
  if (restored === undefined) return note("There is no backup of this recovery key.");
  await note(`Restored messages: ${restored.messages}.`);
  if (restored.rejected > 0)
    await note(
      `Parts that are damaged or not of your devices, and were left out: ${restored.rejected}.`,
    );
}

/** Reads the recovery key from the file of an option, or asks for it. */
export async function askRecoveryKey({
  recoveryKeyFile: file,
}: Pick<BackupOptions, "recoveryKeyFile">): Promise<RecoveryKey> {
  const question = "The recovery key, which you wrote on paper";
  return readRecoveryKey(await readSecret("recovery key", { file, question }));
}
