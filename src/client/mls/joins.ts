import { unixNow } from "../../clock.js";
import { LacreError } from "../../errors.js";
import type { AnyContentDefinition } from "../../messages/define-content.js";
import { MlsChat } from "../../mls/chat.js";
import type { Device } from "../../mls/device.js";
import type { DeviceLog } from "../../mls/device-log.js";
import { DeviceLogError } from "../../mls/errors.js";
import { isRejection } from "./background.js";
import { type Context, keptChat, newIdentity } from "./context.js";
import { type KeptChat, NOT_LEAVING } from "./kept-chat.js";
import type { StoredInvitation } from "./server.js";

/** Seconds after which the client looks again for what is due, if nothing is due before. */
export const LONGEST_WAIT = 3600;
/** Minimum seconds between two rejoins of a chat, so that a malicious server cannot make this device commit all the time. */
const REJOIN_INTERVAL = 60;
/** Maximum number of invitations that are read at a time. */
const MAX_INVITATIONS = 256;
/** Number of attempts to get the logs that a step needs, and to rejoin while others commit. */
const MAX_ATTEMPTS = 4;

/** Joins chats: by invitations, and by external commits. */
export class Joins<Definition extends AnyContentDefinition> {
  readonly #context: Context<Definition>;
  /** Sends the commit that is stored. */
  readonly #sendPending: (kept: KeptChat) => Promise<void>;

  constructor(context: Context<Definition>, sendPending: (kept: KeptChat) => Promise<void>) {
    this.#context = context;
    this.#sendPending = sendPending;
  }

  /** Joins the chats to which this device is invited. */
  async byInvitations(device: Device): Promise<void> {
    const { server, emit } = this.#context;
    for (let after = 0, count = 0; count < MAX_INVITATIONS; count++) {
      const invitation = await server.nextInvitation(device.id, after);
      if (invitation === undefined) return;
      const { chat_id, invitation_id } = invitation;
      after = invitation_id;
      const kept = keptChat(this.#context, chat_id);
      try {
        if (kept.needsRejoin) await this.#join(device, kept, invitation);
      } catch (error) {
        if (!(error instanceof LacreError)) throw error;
        emit({ type: "error", chat_id, error });
      }
      await server.deleteInvitation(invitation_id).catch((error: unknown) => {
        if (!isRejection(error)) throw error;
      });
    }
  }

  async #join(device: Device, kept: KeptChat, { content }: StoredInvitation): Promise<void> {
    const { keyPackages } = this.#context;
    const { chat_id } = kept;
    await kept.run(async () => {
      const { keep, use } = await keyPackages.all();
      const options = { chat_id, content, keep, now: unixNow() };
      const { chat, used } = await this.#withLogs(chat_id, (logs) =>
        MlsChat.join(device, { ...options, logs }, kept.chat),
      );
      const fields = { mustRejoin: false, ...NOT_LEAVING, ...kept.wanted() };
      await kept.save(chat, fields, use(used));
      kept.isCaughtUp = true;
    });
    this.#joined(kept);
  }

  /** Joins by an external commit, unless the last one was a short time ago. Returns the seconds after which to look again. */
  async again(device: Device, kept: KeptChat): Promise<number> {
    const { server } = this.#context;
    const { chat_id } = kept;
    const wait = kept.rejoinedAt + REJOIN_INTERVAL - unixNow();
    if (wait > 0) return wait;
    for (let attempt = 0; attempt < MAX_ATTEMPTS && kept.needsRejoin; attempt++) {
      const group_info = await server.groupInfo(chat_id);
      await kept.run(async () => {
        const options = { chat_id, group_info, ...newIdentity() };
        const step = await this.#withLogs(chat_id, (logs) =>
          MlsChat.rejoin(device, { ...options, logs }, kept.chat),
        );
        await kept.save(step.chat, { mustRejoin: false, ...kept.wanted() });
        kept.isCaughtUp = true;
        kept.rejoinedAt = unixNow();
      });
      await kept.work(() => this.#sendPending(kept));
    }
    this.#joined(kept);
    return kept.needsRejoin ? REJOIN_INTERVAL : LONGEST_WAIT;
  }

  #joined(kept: KeptChat): void {
    this.#context.emit({ type: "joined", chat_id: kept.chat_id });
  }

  /** Does a step with the stored logs, and again with those that it says it needs. */
  async #withLogs<Value>(
    chat_id: number,
    step: (logs: DeviceLog[]) => Promise<Value>,
  ): Promise<Value> {
    const { logs, emit } = this.#context;
    for (let attempt = 1; ; attempt++) {
      try {
        return await step(logs.all);
      } catch (error) {
        if (!(error instanceof DeviceLogError)) throw error;
        if (error.code === "ERR_DEVICE_LOG_FORK")
          for (const user_id of error.user_ids) emit({ type: "fork", user_id, chat_id });
        if (error.code !== "ERR_DEVICE_LOG_BEHIND" || attempt === MAX_ATTEMPTS) throw error;
        await logs.fetchAll(error.user_ids);
      }
    }
  }
}
