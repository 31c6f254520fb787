import { Decoder, Encoder } from "@msgpack/msgpack";
import { ChatMessage } from "lacre";
import sodium from "libsodium-wrappers";
import { ENCRYPTION_SECRET, Letter, SIGNING_SECRET } from "../messages.js";
import type { Entrant } from "./contender.js";

/** Returns contenders with MessagePack after the tag, because libsodium defines no message format. */
export async function libsodium(): Promise<Entrant> {
  await sodium.ready;
  const encoder = new Encoder();
  const decoder = new Decoder();
  const { crypto_auth_BYTES: TAG, crypto_secretbox_NONCEBYTES: NONCE } = sodium;
  return {
    signing: [
      {
        name: "libsodium, crypto_auth",
        write(message) {
          const payload = encoder.encodeSharedRef(ChatMessage.parse(message));
          return joined(sodium.crypto_auth(payload, SIGNING_SECRET), payload);
        },
        read(packet) {
          const bytes = packet as Uint8Array;
          const payload = bytes.subarray(TAG);
          const isValid = sodium.crypto_auth_verify(
            bytes.subarray(0, TAG),
            payload,
            SIGNING_SECRET,
          );
          if (!isValid) throw new Error("not authentic");
          return ChatMessage.parse(decoder.decode(payload));
        },
      },
    ],
    encrypting: [
      {
        name: "libsodium, secretbox",
        write(letter) {
          const nonce = sodium.randombytes_buf(NONCE);
          const payload = encoder.encodeSharedRef(Letter.parse(letter));
          return joined(nonce, sodium.crypto_secretbox_easy(payload, nonce, ENCRYPTION_SECRET));
        },
        read(packet) {
          const bytes = packet as Uint8Array;
          const [nonce, box] = [bytes.subarray(0, NONCE), bytes.subarray(NONCE)];
          const opened = sodium.crypto_secretbox_open_easy(box, nonce, ENCRYPTION_SECRET);
          return Letter.parse(decoder.decode(opened));
        },
      },
    ],
  };
}

export function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
