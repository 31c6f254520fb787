import { acceptDevices } from "lacre-client/groups";
import { CommandError } from "../command-error.js";
import { isConfirmed } from "../confirm.js";
import { requireUser } from "../groups/find-group.js";
import { type MlsSession, withMls } from "../groups/mls-session.js";
import type { Options } from "../options.js";
import { printable } from "../printable.js";
import { note, print } from "../printing.js";
import { canAsk } from "../secrets.js";

interface VerifyOptions extends Options {
  readonly accept?: boolean;
  readonly yes?: boolean;
}

/** `verify`: shows the safety number with a user, and stores that the user compared it, or accepts other devices than before. */
export async function verify(username: string, options: VerifyOptions): Promise<void> {
  await withMls(options, async (session) => {
    const userId = await requireUser(session, username);
    const name = printable(username);
    await (options.accept ? accept : compare)(session, userId, name, options);
  });
}

async function compare(
  { mls }: MlsSession,
  userId: number,
  name: string,
  options: VerifyOptions,
): Promise<void> {
  const digits = await mls.safetyNumber(userId).catch((error: unknown) => {
    if (!mls.disputed.includes(userId)) throw error;
  });
  if (digits === undefined || mls.disputed.includes(userId))
    throw new CommandError(
      `the devices of ${name} were replaced: run lacre-chat verify ${name} --accept when you can compare the digits`,
    );
  const isEqual = await areEqual(digits, name, options);
  if (isEqual !== undefined) await mls.setVerified(userId, isEqual);
  if (isEqual) return note(`${name} is verified.`);
  if (isEqual === false)
    return note(
      `${name} is not verified. If the digits differ, the server may let others read your groups.`,
    );
  const state = mls.isVerified(userId) ? "verified" : "not verified";
  await note(`${name} is ${state}. If both of you see the same digits, add --yes.`);
}

async function accept(
  { mls }: MlsSession,
  userId: number,
  name: string,
  options: VerifyOptions,
): Promise<void> {
  const review = await mls.review(userId);
  if (!(await areEqual(review.safetyNumber, name, options)))
    throw new CommandError(
      `nothing was changed: groups with ${name} go on when both of you see the same digits, and you answer yes or add --yes`,
    );
  await acceptDevices(mls, review);
  await note(`The devices of ${name} are accepted and verified. Your groups go on.`);
}

/** Shows digits, and asks whether the other user sees the same. Returns undefined if the user is not asked. */
async function areEqual(
  digits: string,
  name: string,
  { yes }: VerifyOptions,
): Promise<boolean | undefined> {
  const groups = digits.match(/.{5}/g)!;
  for (let at = 0; at < groups.length; at += 4) await print(groups.slice(at, at + 4).join(" "));
  if (yes) return true;
  const question = `Compare these digits with ${name}, in person or in a call. Does ${name} see the same?`;
  return canAsk() ? isConfirmed(question) : undefined;
}
