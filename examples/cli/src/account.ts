import { Api } from "./api.js";
import type { OpenChat } from "./open-chat.js";
import { type Profile, readSignedInProfile, writeProfile } from "./profile.js";

/** Who is logged in under a profile, and what the profile remembers. */
export class Account {
  readonly profile: Profile;
  readonly api: Api;
  readonly #profileName: string;

  constructor(profileName: string, server: string | undefined) {
    const profile = readSignedInProfile(profileName);
    this.#profileName = profileName;
    this.profile = { ...profile, server: server ?? profile.server };
    this.api = new Api(this.profile.server, profile.access_token);
  }

  cursorOf(peerName: string): number {
    return this.profile.cursors[peerName] ?? 0;
  }

  moveCursor(peerName: string, seq: number): void {
    this.#remember(({ cursors }) =>
      (cursors[peerName] ?? 0) < seq ? { cursors: { ...cursors, [peerName]: seq } } : undefined,
    );
  }

  pin({ peer_name, pin }: OpenChat): void {
    this.#remember(({ pins }) =>
      pins[peer_name] ? undefined : { pins: { ...pins, [peer_name]: pin } },
    );
  }

  /** Changes the file as it is now: another process of this profile may have written it. */
  #remember(change: (profile: Profile) => Partial<Profile> | undefined): void {
    const profile = readSignedInProfile(this.#profileName);
    const changed = change(profile);
    if (changed !== undefined) writeProfile(this.#profileName, { ...profile, ...changed });
  }
}
