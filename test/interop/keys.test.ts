import { afterAll, beforeAll, expect, it } from "vitest";
import { deriveUnchecked } from "../../src/e2e/derive-chat-key.js";
import { ChatKey } from "../../src/e2e/index.js";
import { deriveSessionKey, MessageProtocol, SigningKey } from "../../src/index.js";
import { counting, hex, toHex } from "../support/hex.js";
import { workedExamples } from "./examples.js";
import { describeWithPython, Peer } from "./peer.js";

const SECRET = counting(32);
const NOW = 1_700_000_000;

describeWithPython("signing keys derived by the library and by Python", () => {
  let peer: Peer;
  beforeAll(() => {
    peer = new Peer();
  });
  afterAll(() => peer.stop());

  const hkdf = (args: object) => peer.call<Uint8Array>("hkdf", args);

  it.each([
    ["without a salt", "hkdf.client", "client", undefined],
    ["with a salt", "hkdf.connection_client", "client", counting(32)],
    ["of requests over HTTP", "hkdf.http_client", "http-client", undefined],
    ["of answers over HTTP", "hkdf.http_server", "http-server", undefined],
  ])("are equal to the worked example: a label's key %s", async (_, name, label, salt) => {
    const derived = await hkdf({ secret: SECRET, info: `lacre/${label}`, ...(salt && { salt }) });
    expect(toHex(derived)).toBe(workedExamples()[name]);
    const args = { key: derived, key_id: "", id: counting(16), timestamp: NOW, type: "t" };
    const { frame } = await peer.call<{ frame: string }>("wire2_make", { ...args, payload: {} });
    const key = SigningKey.derive(SECRET, label, salt && { salt });
    expect(MessageProtocol.fromBytes(hex(frame)).verify(key)).toBe(true);
  });

  it("are equal to the worked example: a session's key", async () => {
    const session = hex("0192f5a07c007abc8def0123456789ab");
    const info = Uint8Array.from([...new TextEncoder().encode("lacre/session/1\0"), ...session]);
    const derived = await hkdf({ secret: SECRET, info });
    expect(toHex(derived)).toBe(workedExamples()["hkdf.session_key"]);
    expect(deriveSessionKey(SECRET, session)).toEqual(derived);
  });

  it("are equal for text that is not ASCII, and for a long secret", async () => {
    for (const secret of ["clave secreta ñ 🔑", "larga ñ ".repeat(100)]) {
      const derived = await hkdf({ secret, info: "lacre/server" });
      const message = new MessageProtocol({ type: "t", payload: {} });
      const signed = message.sign(SigningKey.derive(secret, "server"));
      expect(signed.verify(SigningKey.from(derived))).toBe(true);
    }
  });
});

describeWithPython("chat keys derived by the library and by Python", () => {
  let peer: Peer;
  beforeAll(() => {
    peer = new Peer();
  });
  afterAll(() => peer.stop());

  type Derived = { key: Uint8Array; check: Uint8Array };
  async function derive(passphrase: string, salt: Uint8Array, iterations: number) {
    const python = await peer.call<Derived>("derive_chat_key", { passphrase, salt, iterations });
    const key = await deriveUnchecked(passphrase, { salt, iterations, extractable: true });
    expect({ key: key.export(), check: key.check }).toEqual(python);
    return toHex(key.export());
  }

  it("are equal to the worked example", async () => {
    const examples = workedExamples();
    expect(await derive("café con leche", counting(16), 100_000)).toBe(examples["chat_key.key"]);
    const key = await ChatKey.from(hex(examples["chat_key.key"]!));
    expect(toHex(key.check)).toBe(examples["chat_key.check"]);
  });

  it("are equal for a composed (NFC) and a decomposed (NFD) passphrase", async () => {
    for (const passphrase of ["café con leche ñ 🔑", "Ångström ﬁ", "각하"]) {
      const [composed, decomposed] = [passphrase.normalize("NFC"), passphrase.normalize("NFD")];
      expect(composed).not.toBe(decomposed);
      expect(await derive(composed, counting(16), 100_000)).toBe(
        await derive(decomposed, counting(16), 100_000),
      );
    }
  });

  it.each([
    ["a salt of 64 bytes", "clave", counting(64), 100_000],
    ["600,000 iterations", "clave", counting(16), 600_000],
    ["a passphrase that is longer than HMAC's block", "clave ñ ".repeat(20), counting(16), 100_001],
    ["a passphrase with white space and U+FEFF", "\ufeff clave \n", counting(32), 100_000],
  ])("are equal with %s", async (_, passphrase, salt, iterations) => {
    await derive(passphrase, salt, iterations);
  });
});
