import { isConfirmed } from "../confirm.js";
import { requireUser } from "../groups/find-group.js";
import { withMls } from "../groups/mls-session.js";
import type { Options } from "../options.js";
import { printable } from "../printable.js";
import { note, print } from "../printing.js";
import { canAsk } from "../secrets.js";

/** `verify`: shows the safety number with a user, and stores that the user compared it. */
export async function verify(
  username: string,
  options: Options & { readonly yes?: boolean },
): Promise<void> {
  await withMls(options, async (session) => {
    const { mls } = session;
    const userId = await requireUser(session, username);
    const name = printable(username);
    const groups = (await mls.safetyNumber(userId)).match(/.{5}/g)!;
    for (let at = 0; at < groups.length; at += 4) await print(groups.slice(at, at + 4).join(" "));
    const isAsked = !options.yes && canAsk();
    const question = `Compare these digits with ${name}, in person or in a call. Does ${name} see the same?`;
    const isEqual = options.yes === true || (isAsked && (await isConfirmed(question)));
    if (isEqual) {
      await mls.setVerified(userId);
      await note(`${name} is verified.`);
    } else if (isAsked) {
      await mls.setVerified(userId, false);
      await note(
        `${name} is not verified. If the digits differ, the server may let others read your groups.`,
      );
    } else {
      const state = mls.isVerified(userId) ? "verified" : "not verified";
      await note(`${name} is ${state}. If both of you see the same digits, add --yes.`);
    }
  });
}
