import { Decoder, Encoder } from "@msgpack/msgpack";
import nacl from "tweetnacl";
import { ENCRYPTION_SECRET, Letter } from "../messages.js";
import type { Entrant } from "./contender.js";
import { joined } from "./libsodium.js";

/** Returns contenders with MessagePack in a secretbox, because tweetnacl has no separate MAC. */
export function tweetnacl(): Entrant {
  const encoder = new Encoder();
  const decoder = new Decoder();
  const { nonceLength } = nacl.secretbox;
  return {
    encrypting: [
      {
        name: "tweetnacl, secretbox",
        write(letter) {
          const nonce = nacl.randomBytes(nonceLength);
          const payload = encoder.encodeSharedRef(Letter.parse(letter));
          return joined(nonce, nacl.secretbox(payload, nonce, ENCRYPTION_SECRET));
        },
        read(packet) {
          const bytes = packet as Uint8Array;
          const [nonce, box] = [bytes.subarray(0, nonceLength), bytes.subarray(nonceLength)];
          const opened = nacl.secretbox.open(box, nonce, ENCRYPTION_SECRET);
          if (opened === null) throw new Error("not authentic");
          return Letter.parse(decoder.decode(opened));
        },
      },
    ],
  };
}
