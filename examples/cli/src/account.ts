import type { ChatSummary } from "lacre";
import { Api } from "./api.js";
import type { Entrance } from "./client.js";
import { Disk } from "./disk.js";
import { isUnreachable } from "./failure.js";
import { Login } from "./login.js";
import type { OpenChat } from "./open-chat.js";
import { type Profile, readSignedInProfile, stateFolderOf, writeProfile } from "./profile.js";

/** Who is logged in under a profile, and what is remembered of the chats. */
export class Account {
  readonly profile: Profile;
  readonly login: Login;
  readonly api: Api;
  readonly disk: Disk;
  readonly #profileName: string;

  constructor(profileName: string, server: string | undefined) {
    const profile = readSignedInProfile(profileName);
    this.#profileName = profileName;
    this.profile = { ...profile, server: server ?? profile.server };
    this.login = new Login(profileName, this.profile);
    this.api = new Api(this.profile.server, this.login);
    this.disk = new Disk(stateFolderOf(profileName, profile));
  }

  /** Where the account's session connects to. */
  get entrance(): Entrance {
    const url = () => {
      const live = new URL("/ws", this.profile.server);
      live.protocol = live.protocol === "https:" ? "wss:" : "ws:";
      live.searchParams.set("token", this.login.accessToken);
      return live;
    };
    return { url, renew: () => this.login.renew() };
  }

  /** The chats as the server lists them; or, where it is not to be reached, those that were opened before. */
  async listChats(): Promise<ChatSummary[]> {
    try {
      return await this.api.listChats();
    } catch (error) {
      const pinned = this.#pinnedChats();
      if (!isUnreachable(error) || pinned.length === 0) throw error;
      return pinned;
    }
  }

  pin({ peer_name, pin }: OpenChat): void {
    // As the file is now: another program of this profile may have written it.
    const profile = readSignedInProfile(this.#profileName);
    if (profile.pins[peer_name] !== undefined) return;
    writeProfile(this.#profileName, { ...profile, pins: { ...profile.pins, [peer_name]: pin } });
  }

  #pinnedChats(): ChatSummary[] {
    return Object.entries(this.profile.pins).map(([peer_name, pin]) => ({
      ...pin,
      peer_name,
      salt: Buffer.from(pin.salt, "base64"),
      key_check: Buffer.from(pin.key_check, "base64"),
      encryption_type: "as pinned",
      last_seq: this.disk.cursorOf(pin.chat_id),
      unread: 0,
    }));
  }
}
