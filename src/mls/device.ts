import { invalidArgument, listArgument, objectArgument } from "../arguments.js";
import { type Bytes, copyOfBytes, encodeUtf8 } from "../bytes.js";
import type { PlatformCryptoKey } from "../crypto/aead.js";
import * as ed25519 from "../crypto/ed25519.js";
import { randomBytes } from "../crypto/random.js";
import { KeyError } from "../errors.js";
import { encodeCredential } from "./credential.js";
import { deviceId } from "./device-id.js";
import { type DeviceLog, logArgument } from "./device-log.js";
import { invalidEntry } from "./errors.js";
import { isId } from "./limits.js";
import { acceptances, beginLog } from "./make-entry.js";
import { RecoveryKey } from "./recovery-key.js";
import { setSigner, signerOf } from "./signers.js";

/** Options of a new device. */
export interface NewDeviceOptions {
  /** Id of the user whose device it is. */
  readonly user_id: number;
  /** Whether `export` returns the private key. Default: false. */
  readonly extractable?: boolean | undefined;
}

/** Maximum number of key packages that a device makes at a time for one suite. */
const MAX_KEY_PACKAGES = 100;

/** Token that the constructor requires, so that callers cannot create a device from an object of theirs. */
const FROM_THIS_MODULE = Symbol();

/**
 * A device of a user: an Ed25519 key, with which it signs entries of the user's device log and messages of MLS. Where WebCrypto
 * has Ed25519, the private key cannot be read unless it is `extractable`. It never appears in logs.
 *
 * ```ts
 * const { device, entry, recoveryKey } = await Device.begin({ user_id, now });
 * ```
 */
export class Device {
  /** Id of the user whose device it is. */
  readonly user_id: number;
  readonly #seed: Bytes | undefined;

  private constructor(token: symbol, user_id: number, signer: ed25519.Ed25519Signer, seed?: Bytes) {
    if (token !== FROM_THIS_MODULE) throw new KeyError("use Device.begin, generate or from");
    if (!isId(user_id)) throw invalidArgument("options.user_id", "must be the id of a user");
    this.user_id = user_id;
    this.#seed = seed;
    setSigner(this, signer);
    Object.freeze(this);
  }

  /**
   * Creates the first device of an account, the first entry of the user's log, and the recovery key. With the log of an account
   * whose devices and recovery key are all lost, creates the entry that resets it: the new device and recovery key replace all others.
   *
   * @param options - `now` is the Unix time in seconds, `reset` the log to reset.
   * @throws {DeviceLogError} if the log is of another user, or permits no further entry.
   */
  static async begin(
    options: NewDeviceOptions & { readonly now: number; readonly reset?: DeviceLog | undefined },
  ): Promise<{ device: Device; entry: Bytes; recoveryKey: RecoveryKey }> {
    const { now, reset, ...rest } = objectArgument(options, "options");
    const device = await Device.generate(rest);
    const recoveryKey = await RecoveryKey.generate();
    const entry = await beginLog(device.user_id, now, [device, recoveryKey], reset);
    return { device, entry, recoveryKey };
  }

  /** Creates a device that another device, or the recovery key, is to add to the user's log. */
  static async generate(options: NewDeviceOptions): Promise<Device> {
    const { user_id, extractable = false } = objectArgument(options, "options");
    if (extractable) {
      return Device.from(randomBytes(ed25519.ED25519_KEY_BYTES), { user_id, extractable });
    }
    return new Device(FROM_THIS_MODULE, user_id, await ed25519.generateSigner());
  }

  /**
   * Loads a stored device.
   *
   * @param material - The 32 bytes of `export`, or the `cryptoKey` that IndexedDB stored.
   * @param options - `publicKey` is required with a CryptoKey, `extractable` permits another `export` of bytes.
   * @throws {KeyError} if the material is invalid, or if the public key is of another private key.
   */
  static async from(
    material: Uint8Array | PlatformCryptoKey,
    options: NewDeviceOptions & { readonly publicKey?: Uint8Array | undefined },
  ): Promise<Device> {
    const { user_id, extractable = false, publicKey } = objectArgument(options, "options");
    const seed = copyOfBytes(material);
    if (seed === undefined) {
      const signer = await storedSigner(material as PlatformCryptoKey, copyOfBytes(publicKey));
      return new Device(FROM_THIS_MODULE, user_id, signer);
    }
    if (seed.length !== ed25519.ED25519_KEY_BYTES || seed.every((byte) => byte === 0)) {
      throw new KeyError("the key of a device must have 32 bytes that are not all zero");
    }
    const signer = await ed25519.signerFromSeed(seed);
    return new Device(FROM_THIS_MODULE, user_id, signer, extractable ? seed : undefined);
  }

  /** Id of the device: 32 lower-case hexadecimal digits, made from its public key. */
  get id(): string {
    return deviceId(signerOf(this).publicKey);
  }

  /** Ed25519 public key, 32 bytes. */
  get publicKey(): Bytes {
    return signerOf(this).publicKey.slice();
  }

  /** The non-extractable private key, which IndexedDB can store. Undefined where WebCrypto has no Ed25519. */
  get cryptoKey(): PlatformCryptoKey | undefined {
    return signerOf(this).cryptoKey;
  }

  /**
   * Returns the 32 bytes of the private key, for clients that store keys in a file.
   *
   * @throws {KeyError} if the device is not `extractable`.
   */
  export(): Bytes {
    if (this.#seed !== undefined) return this.#seed.slice();
    throw new KeyError(
      "the key of the device is not extractable: generate it with { extractable: true }",
    );
  }

  /**
   * Makes key packages, by which others add the device to MLS chats. The server hands out each of them once.
   *
   * @param options - `count` is the number for each suite, 1 to 100; `suites` are 0xf00d and 1, or one of them.
   * @returns The bytes to publish, and in the same order what `MlsChat.join` needs: store it before you publish anything.
   * @throws {ValidationError} if an option is invalid.
   *
   * ```ts
   * const { publish, keep } = await device.keyPackages({ count: 50, suites: [0xf00d, 1] });
   * ```
   */
  async keyPackages(options: {
    readonly count: number;
    readonly suites: Iterable<1 | 0xf00d>;
  }): Promise<{ publish: Bytes[]; keep: Bytes[] }> {
    const { count, suites } = objectArgument(options, "options");
    const list = listArgument(suites, "options.suites");
    if (!list.every((suite) => suite === 1 || suite === 0xf00d)) {
      throw invalidArgument("options.suites", "must be 1 and 0xf00d, or one of them");
    }
    if (!Number.isInteger(count) || count < 1 || count > MAX_KEY_PACKAGES) {
      throw invalidArgument("options.count", `must be an integer from 1 to ${MAX_KEY_PACKAGES}`);
    }
    const { makeKeyPackages } = await import("./engine.js");
    const identity = encodeCredential({ user_id: this.user_id, device: this.id });
    const made = [];
    for (const suite of list) {
      made.push(...(await makeKeyPackages(signerOf(this), identity, suite, count)));
    }
    return { publish: made.map(({ publish }) => publish), keep: made.map(({ keep }) => keep) };
  }

  /**
   * Accepts to be added to the log of its user, by any device of the log or by the recovery key, for 10 minutes and as long as
   * the log does not change. Pass the result to `makeEntry`.
   *
   * @param log - The log of the user, without this device.
   * @param now - Unix time in seconds.
   * @returns 225 bytes for each key that can add the device.
   * @throws {DeviceLogError} if the log is of another user.
   */
  async accept(log: DeviceLog, now: number): Promise<Bytes> {
    if (logArgument(log).user_id !== this.user_id) throw invalidEntry("is of another user");
    return acceptances(log, this, now);
  }
}

async function storedSigner(
  cryptoKey: PlatformCryptoKey,
  publicKey: Bytes | undefined,
): Promise<ed25519.Ed25519Signer> {
  const { algorithm, usages } = (cryptoKey ?? {}) as CryptoKey;
  if (algorithm?.name !== "Ed25519" || !usages?.includes("sign")) {
    throw new KeyError("the key of a device must be 32 bytes, or an Ed25519 CryptoKey that signs");
  }
  const signer = ed25519.signerInWebCrypto(cryptoKey, publicKey ?? new Uint8Array());
  const probe = encodeUtf8("lacre/device-check/1\0");
  const signature = await signer.sign(probe);
  const isOwn =
    ed25519.isEd25519PublicKey(signer.publicKey) &&
    ed25519.verifyEd25519(signer.publicKey, probe, signature);
  if (isOwn) return signer;
  throw new KeyError("the public key is not that of the private key");
}
