import { setTimeout as sleep } from "node:timers/promises";
import { readDeviceLink } from "lacre/mls";
import { CommandError } from "../command-error.js";
import { withMls } from "../groups/mls-session.js";
import type { Options } from "../options.js";
import { note, print } from "../printing.js";

/** How long another device can add this one, in milliseconds. */
const LINK_TIMEOUT = 600_000;
const POLL_INTERVAL = 3000;

/** `link`: makes this a device of an account that has others. Another device adds it. */
export async function link(options: Options): Promise<void> {
  const work = async ({ mls }: Parameters<Parameters<typeof withMls>[1]>[0]) => {
    if ((await mls.log(mls.user_id)) !== undefined && mls.isLinked)
      throw new CommandError("this device is one of your account already");
    const text = await mls.link();
    await note(`On another device of yours, run lacre-chat devices --add with this text. It must`);
    await note(`show this id: ${readDeviceLink(text).device}`);
    await print(text);
    for (const end = Date.now() + LINK_TIMEOUT; !mls.isLinked; await sleep(POLL_INTERVAL)) {
      if (Date.now() > end)
        throw new CommandError("no device added this one in 10 minutes: run lacre-chat link again");
      await mls.log(mls.user_id);
    }
    await mls.sync();
    await note("This device is one of your account now, and reads what is written from now on.");
  };
  await withMls(options, work, { hasDevice: false });
}
