/** The options of every command. */
export interface Options {
  readonly profile: string;
  readonly server?: string;
  readonly passwordFile?: string;
  readonly passphraseFile?: string;
}

export const DEFAULT_SERVER = "http://127.0.0.1:8000";
