/** The options of every command. */
export interface Options {
  readonly profile: string;
  readonly server?: string;
  readonly passwordFile?: string;
  readonly passphraseFile?: string;
  /** File to which the recovery key of a new device log is written. */
  readonly recoveryKeyOut?: string;
}

export const DEFAULT_SERVER = "http://127.0.0.1:8000";
