import { readDeviceLink } from "lacre/mls";
import { CommandError } from "../command-error.js";
import { requireConfirmed } from "../confirm.js";
import { giveRecoveryKey } from "../groups/first-device.js";
import { GroupConnection } from "../groups/group-connection.js";
import { quietGroupOutput } from "../groups/group-output.js";
import { type MlsSession, withMls } from "../groups/mls-session.js";
import type { Options } from "../options.js";
import { printableJson } from "../printable.js";
import { note, print } from "../printing.js";
import { readSecret } from "../secrets.js";

/** How long to wait until a removed device is in no group, in milliseconds. */
const TIMEOUT = 20_000;

export interface DevicesOptions extends Options {
  readonly add?: string;
  readonly remove?: string;
  readonly reset?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** `devices`: lists the devices of the account, adds one that asks for it, removes one, or replaces all by this one. */
export async function devices(options: DevicesOptions): Promise<void> {
  if (options.reset)
    return withMls(options, (session) => reset(session, options), { hasDevice: false });
  await withMls(options, async (session) => {
    const { add, remove } = options;
    if (add !== undefined) await addDevice(session, add, options);
    if (remove !== undefined) await removeDevice(session, remove, options);
    if (add === undefined && remove === undefined) {
      await session.mls.sync();
      await listDevices(session, options.json);
    }
  });
}

/** Prints the devices of the account, and marks this one. */
export async function listDevices({ mls }: MlsSession, isJson = false): Promise<void> {
  for (const { id, addedAt } of (await mls.log(mls.user_id))?.devices ?? []) {
    const is_this = id === mls.device?.id;
    if (isJson) await print(printableJson({ device: id, added_at: addedAt, is_this }));
    else {
      const added = `added ${new Date(addedAt * 1000).toISOString().slice(0, 10)}`;
      await print([id, added, ...(is_this ? ["this device"] : [])].join("\t"));
    }
  }
}

async function addDevice({ mls }: MlsSession, text: string, options: DevicesOptions) {
  const { device } = readDeviceLink(text);
  const question = `Add the device ${device}? It can then read your groups. The new device must show the same id`;
  await requireConfirmed(question, options);
  await mls.addDevice(text);
  await mls.sync();
  await note(`The device ${device} is one of your account now.`);
}

async function removeDevice(session: MlsSession, device: string, options: DevicesOptions) {
  const { mls } = session;
  if (device === mls.device?.id)
    throw new CommandError("this is the device that you use: remove it with another one");
  const log = await mls.log(mls.user_id);
  if (!log?.devices.some(({ id }) => id === device))
    throw new CommandError(`your account has no device ${device}: lacre-chat devices lists them`);
  await requireConfirmed(`Remove the device ${device} from your account and all groups?`, options);
  const connection = new GroupConnection({ session, output: quietGroupOutput });
  await connection.during(async () => {
    await connection.settle();
    await mls.removeDevice(device);
    await mls.sync();
    const isGone = () =>
      mls.chats.every(({ roster, isActive }) => {
        return !isActive || !roster.some((one) => one.device === device);
      });
    const isDone = await connection.until(isGone, TIMEOUT);
    await note(
      isDone
        ? `The device ${device} is removed, and reads no message that is written from now on.`
        : `The device ${device} is removed. Groups follow when a device of a member is online.`,
    );
  });
}

async function reset(session: MlsSession, options: DevicesOptions) {
  const { mls } = session;
  if ((await mls.log(mls.user_id)) === undefined)
    throw new CommandError("your account has no devices yet: run lacre-chat devices instead");
  if (mls.isLinked)
    throw new CommandError("this is a device of your account: use it to remove the lost ones");
  await requireConfirmed(
    "Are all your devices and the recovery key lost? All devices are removed, and others must accept this one",
    options,
  );
  const question = "The password of your account";
  const password = await readSecret("password", { file: options.passwordFile, question });
  await mls
    .reset(password, (key) => giveRecoveryKey(key.toText(), options))
    .catch((error) => {
      if ((error as { code?: unknown }).code !== "ERR_WRONG_CREDENTIALS") throw error;
      throw new CommandError(
        "wrong password: nothing was changed, and the new recovery key is void",
      );
    });
  const connection = new GroupConnection({ session, output: quietGroupOutput });
  await connection.during(() => connection.settle());
  await note(
    "This is the only device of your account now. Members of your groups write to you again",
  );
  await note(
    "when they have compared the digits with you, and accepted them: lacre-chat verify YOU --accept",
  );
}
