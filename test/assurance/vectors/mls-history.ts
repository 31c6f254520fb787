import { deviceId } from "../../../src/mls/device-id.js";
import { encodeChunkHead, historyId, signedChunk } from "../../../src/mls/history-layout.js";
import { makeHistoryKey, readRecoveryKey } from "../../../src/mls/index.js";
import type {
  InvalidHistory,
  MlsVectors,
  ValidHistoryChunk,
} from "../../../src/testing/mls-vectors.js";
import { hex, toHex, utf8 } from "../../support/hex.js";
import {
  begun,
  ENTRY_TIME,
  joinBytes,
  testKey,
  withDevice,
  withoutDevice,
  withRecovery,
  withReset,
} from "../../support/log-entries.js";
import { errors, rejection } from "./notation.js";

/** enc and ciphertext of the two chunks, as `encryptHistory` and `encryptPins` made them once: HPKE is randomized. */
const SEALED = {
  messages:
    "i3Z3oCLW2aNi9Batd20u7/22smWV1ND67c89zFdJbyfstyCPbF9mh5gfrCpmLf5TUttyTrhHwtWACWIr0WgrVsBnt2ClHJDmmD7LZNiC+NJYbGGkY0CX" +
    "ShOR4d+GxKWwYiZ8sKkOO+LfNqWZBCN+szafsT7tpoF2gfRHhRWNfyjt/mr55zuy1DkVHceYU8Y+PkdyxiLK5Wfzuh2tZDpuVQJi6QaLaqKmMfdq4J82" +
    "6GXFLlrH8oLKNpT3QIxtuWONli9PaRoep6lCW+r7za0aldWTQrxxtTQgvnsCMP+gyWdU7NrpkNDgH5IGr6nBVHrdVz1e27f/qwStcX9TRpcKMgoyuKVp" +
    "3zebaebItmwHTw89MYF1rqSgClOC615pgYpVToscWqffsedhTUc5O1QB1Ei38SuXHvlRntw5YYC1TDHLjNLWQXftXsytVb59bV/S7Hp6aJO6wMZSskZm" +
    "GzPVeyUeoE8DzSGd/wHEgTWmBLac+FkGAj+aWc2/5qXXZlutVL9WENncwZs+yQhca10f5H+hl3O0BiW1B/Xqg/QfSmUjMzHo7/NiSspnWzpmuHBjebP5" +
    "5edr/DpMGKSDKNh/sLEhv11I4jmwkyszjtfOLS6YKL8Dumty9T5Gx4A+oM3Ao7pegcSEEGtTHtKzZX+pH3q2oI/vFeShp389J32yzhzbvQwcZAgwMcQ5" +
    "MAkTyI/4NPYaX23SNGd9eOB4TOoA3WwCPuX+avhpgw9y03S2umQSoDF4Mrue9gBl8eZlDiBSnMhjOYUQ0LnebtYUBWk958mgFGy++/SXmw75HcUqKZoM" +
    "9QnuTxCg3vMIcCup1JewFVEW8cMI6K78t1iVHEFitBoY0EfCUkMOp1nL4olBbkt1+Vszh0iv5dY/j45sEN2tVb1wxrfwdigZbdCNryIBtVROQAfUYXic" +
    "5ucNbKP0P1betONHbBze7Am8iuLBIRGfbobY6M1Mk1nb0czs+cpPBBYr14HWkkrTbY3OFrpH845QdEG5sSEs9LRdFIOg/g77zeRzRL41o7Z/0eR6afuI" +
    "IDK9eKHD9SwEwvbcZLX6dl3Y8ARrRG09pNQpX13HnTASjB9qFBQOUUmatAKahx98SJq+PAVismCZ2aL51w0sY2oS0qV7Aa58uDq/v4ajYZZM0mlEwRSA" +
    "jB5Cyj0xut6V9QiCjYu8AjsL4RJcS18++zuSa/U4YnOLfVgPhp/Gkc8QgL4lhMPTvspOdd0Eu3yM4KOhWDUmne8l7t6H+/qDlgCVCQezmVFSKNZYnXpk" +
    "FmSRRcYz0V7qooKTOBIL1quuIQer4cxIAWXZy2JDhSnu7PEdozqTeB+Fc90tJnpRCDbEj2PgitJ2o9VwTdiGZlZ0ho6XK5g77N4/gA/syKPiRqe+fXF4" +
    "ggSfSsY8pM9z/lZOvQ0PwzrwiUj6REVy/ElCETd0Fg+7SLByZcU6RmXr/BcLQzhGJDF/hcFr+37rywvg9oRq/yNV4gKyOi4oYhARZtU5L6mGcSvlqZVQ" +
    "F33rzX10THiTSuzoJ0PrVW4g6PafrEvd4DFSkG5f1snjUVvhWikQ/pkUzu6qP7svNKYnRdYfgTuxqv/s4pJKOOZqaN6uLzVUBagSAZPx5bFWt/v2I//B" +
    "cGAXj278pj+Bf3tf9O81w+hhC+Rd4bmvlRAgj0KLNJQFvt9wh5LMAYsKkM4ph4ubR8ILtm5rqmnBv/+dZ4BDiCjVIN+dZIsGdlAwZIVwuNjEMi9H8zOH" +
    "d/oV9Onti8K4JKxhkU8oVXs6KN2Dlq9ID5hAb7IozRNpvph0l9EeogCFeFSdhxtskQjvDb3N97OKUrI/gedR3YHkEbDDMzel6TwpVyqN/8fx2cG9AFMr" +
    "IauDm53bvlG+dkjtpCgehsf28YebMo25BJfoMPJ150EGCkVQPFvm+EIGi16gZ5yKWkpYs0bjoh56aVaJI/4dAeMYRJkp4gfOO+X+HczCD0zbjJZFr2Rs" +
    "8aGoMuIQHEhB",
  pins:
    "s6ST0YA52EjtfkQ60jZi5mJkRVbXy8Vk2S5AWootmaQbonfk4byxMhza7dRrfZQi27kVe+rLwIl0FCgKz5FT3FcFF4UdWPq7Q6k7GWd5In1E86OqEB0e" +
    "n+AvkmNZYAtvWQG8J+eHlk8XCICVTzX+w0ryRAXCEBRu/e3mCB9ImQNG83iOtzCPWhQj3H97A3P+1a69qY1wK8ebJhywSN+Bh4H+FQ3UH8ycA/HxsTqh" +
    "i4VaVbtvwMG2TSJX841wUQqgay+YuNIMzeu8KWmsAM1VwpqmLTDN3+7XTPI0xc0cAlEai+bRmMeXxtqMYF1NrvaCBUDdtgAvjosmZ+D4lTG2NbmAguem" +
    "rC3wXf7yD0gcg47/R1T9uBxmQNddpZQuBg59bR8RBowo+MuAjhveQG90BGv/PSsTZpxK5S5smkDQUOgqEx1RXSkZ8JoAM2ZcJo0R+pN15efGZLDhEmCm" +
    "mWK0t45Mnd4thrXJYRrb0667cnCdX8DxJR5l/5LHEHjDwumOUrPRyCR/arOGJX0XM8JHgdrLEbaxabUy/IbQAtOflolr+y9CYDyF1YOZa9svOGODldEj" +
    "ynPdbdLimhrb2wDoccWS0aMjhTp4rwwNTJgNW/9fJfQQg7ptEOTlN+Cmj6yzgD5KO8FwrX6lDvhHJVsMe492bi7Jvpgq0mHN8wcA0WBmOf5tGtWy/nYS" +
    "Zrlf7erjtfPYj7ds+M/czXANqPY/ENRzfsuNdiE3bCpIv5ejukcRe8qV+2U6XtIedGCcqYu9sWrjPBoh9nJ9lKWrX16lcRWTptvoPt6sJhiC+VCgY2yU" +
    "xorn1641hrOvRFoz3r0KnFBDNZxBbHBwuoO0FOEy5xPVEUujZfkQiU2Ek6u8Ai740FN0XgI2K24/2QlPrmjL5t7yze3AiyXWAPOj4MdEg8ZQ2GRfQDH0" +
    "WBEHa+fpGkvRFhwZhQobT86suut6/PniXh0T+GXUmuRmRzOTtnx6UJUOvASC8mSVbdQQlzZiQtdFf1Y9J8Wy70f/jxAuwuwZzdcQLFYWmEGE6DyLrZpO" +
    "oemG3etzoObHyj8S3YdoFezXiEyI55VIpUWaQAuVPaNriDd23shLxshIPrDK0gdze+SG480jJ8eYOc6vYbUe6Yqu4MNOguStz2RSKLDWfVaUED0IUAOe" +
    "kboS0Mc/DXNRBSoAOYN8275CLPde4A6ejwbC/KW4j0j0vJnqhrQEquKRpTI2n4pHBrOrUJbp2BmRwKRLEdnkgjydhs+bKnZxCYilgjHJdlUlUyE4Lig3" +
    "Hf9VKaxf4i9ZtuNspxmnM/lGkw/c9Vh41pu2W6SdGh9jAtslDJQobYgqTbNdW4pJ5yTnzma4cnLNcMEmeZI8tvfNbreCRY9+op2R38U8jtsunYHukADf" +
    "F5k6gxjijjWkkyBqUJF3R/4+Gwpn4z5GnVopARTlXZ0+mDnLCO4/S4Q+OXzg4kAG6NvgG1GqOJ/BbNzaOsciTGkt1BmV/D8ILDWWYuxLEOArHOzwzGKz" +
    "DHGY8TTzF86HOwICU02v6RmuCfMrDt9UXNWQ30l8axE/5Akm+A809bu4mKnSV4XF8QAMLtMo76J601oeUkpPgOtG8KBlTssDTxbTqja4DtCrDRscKuTW" +
    "2985e9SRmCIltqb1uIwo0Op6B8oNUqqmEA4s0EqYLDzhIAmVp9DeQ5qTYzkqSg==",
};

const USER = 7;
const RECOVERY_KEY = "1850-M2GA-1850-M2GA-1850-M2GA-1850-M2GA-1850-M2GA-1850-M2GA-1857-G39Y";
const recoveryKey = await readRecoveryKey(RECOVERY_KEY);
/** Its signing key. */
const recovery = testKey(hex("c39a23c0f173aebb43a0ed7ef6212de5c2273e6a4b8b8528f6d1a55367548c48"));
const [first, second, stranger, newRecovery] = [0xa1, 0xa2, 0xe1, 0xf2].map(testKey);
const ONE = begun(first!, recovery);
const TWO = withDevice(ONE, first!, second!);
const REMOVED = withoutDevice(TWO, second!, first!);
const RESET = withReset(ONE, second!, newRecovery!);

const KEY = await makeHistoryKey(recoveryKey, USER);
const PUBLIC_KEY = KEY.slice(28, 1244);
const TO = historyId(PUBLIC_KEY);

function published(label: string, user: Uint8Array, signer = recovery, publicKey = PUBLIC_KEY) {
  const signed = joinBytes(utf8(label), user, publicKey);
  return joinBytes(signed, signer.sign(signed));
}
const id = (user: number) => Uint8Array.from([0, 0, 0, 0, 0, 0, 0, user]);
const LABEL = "lacre/history-key/1\0";

const badKey = (name: string, bytes: Uint8Array, entries = ONE): InvalidHistory => ({
  ...rejection("A-15", name, errors.history),
  ...{ user_id: USER, entries: entries.map(toHex), bytes: toHex(bytes) },
});

type Head = Parameters<typeof encodeChunkHead>[0];
const MESSAGES: Head = {
  ...{ kind: 1, user_id: USER, to: TO, device: deviceId(first!.publicKey) },
  ...{ chat_id: 42, first_seq: 3, last_seq: 5, time: ENTRY_TIME },
};
const PINS: Head = { ...MESSAGES, kind: 2, chat_id: 0, first_seq: 0, last_seq: 0 };

/** Makes a chunk with some other fields, signed by a device. Only one without other fields can be decrypted. */
function chunk(
  fields: Partial<Record<keyof Head, unknown>> = {},
  { signer = first!, label = "", sealed = SEALED.messages, base = MESSAGES } = {},
): Uint8Array {
  const head = encodeChunkHead({ ...base, ...fields } as Head);
  head.set(utf8(label));
  const bytes = new Uint8Array(Buffer.from(sealed, "base64"));
  const [enc, ciphertext] = [bytes.subarray(0, 1120), bytes.subarray(1120)];
  return joinBytes(head, bytes, signer.sign(signedChunk(head, enc, ciphertext)));
}

function valid(
  name: string,
  bytes: Uint8Array,
  rest: Pick<ValidHistoryChunk, "chat_id" | "first_seq" | "last_seq" | "messages" | "pins">,
  entries = ONE,
): ValidHistoryChunk {
  const account = { recovery_key: RECOVERY_KEY, user_id: USER, entries: entries.map(toHex) };
  return { name, requirement: "A-16", ...account, bytes: toHex(bytes), ...rest };
}

const badChunk = (name: string, bytes: Uint8Array, entries = ONE): InvalidHistory => ({
  ...rejection("A-19", name, errors.history),
  ...{ user_id: USER, entries: entries.map(toHex), bytes: toHex(bytes) },
});

const common = { sender_id: 9, device: "00000000000000000000000000000009" };
const messages = [
  {
    ...{ seq: 3, ...common, client_id: "018bcfe5-687b-7abc-8def-0123456789ab" },
    ...{ timestamp: 1699999999.5, stored_at: 1699999999.75 },
    content: { kind: "text", text: "hola" },
  },
  {
    ...{ seq: 5, ...common, client_id: "018bcfe5-687b-7abc-8def-0123456789ac" },
    ...{ timestamp: 1700000000, stored_at: 1700000000 },
    content: { kind: "unknown", fallback: "a poll" },
  },
];
const pins = [
  { user_id: 9, seq: 1, head: "09".repeat(32), is_verified: true },
  { user_id: 10, seq: 1024, head: "00".repeat(32), is_verified: false },
];
const pinned = chunk({}, { sealed: SEALED.pins, base: PINS });

/** The groups of vectors/mls.json that are about the history. */
export const history: Pick<MlsVectors, "history_keys" | "history_chunks"> = {
  history_keys: {
    valid: [
      {
        ...{ name: "of the recovery key", requirement: "A-15", recovery_key: RECOVERY_KEY },
        ...{ user_id: USER, entries: ONE.map(toHex), bytes: toHex(KEY), id: TO },
      },
    ],
    invalid: [
      badKey("no bytes", new Uint8Array()),
      badKey("a byte less", KEY.slice(0, -1)),
      badKey("a byte more", joinBytes(KEY, Uint8Array.of(0))),
      badKey("another label", published("lacre/history-key/2\0", id(USER))),
      badKey("another user", published(LABEL, id(9))),
      badKey("a signature by a device", published(LABEL, id(USER), first)),
      badKey(
        "a changed public key",
        KEY.map((byte, at) => (at === 1000 ? byte ^ 1 : byte)),
      ),
      badKey("a replaced recovery key", KEY, withRecovery(ONE, recovery, newRecovery!)),
    ],
  },
  history_chunks: {
    valid: [
      valid("messages", chunk(), { chat_id: 42, first_seq: 3, last_seq: 5, messages }),
      valid("pins", pinned, { chat_id: 0, first_seq: 0, last_seq: 0, pins }),
      valid(
        "of a removed device, at the time of its removal",
        chunk(),
        { chat_id: 42, first_seq: 3, last_seq: 5, messages },
        REMOVED,
      ),
      valid(
        "of a device that a reset removed, at the time of the reset",
        chunk(),
        { chat_id: 42, first_seq: 3, last_seq: 5, messages },
        RESET,
      ),
    ],
    invalid: [
      badChunk("no bytes", new Uint8Array()),
      badChunk("a byte less", chunk().slice(0, -1)),
      badChunk("another label", chunk({}, { label: "lacre/history/2" })),
      badChunk("kind 0", chunk({ kind: 0 })),
      badChunk("kind 3", chunk({ kind: 3 })),
      badChunk("another user", chunk({ user_id: 9 })),
      badChunk("chat 0", chunk({ chat_id: 0 })),
      badChunk("chat 2^53", chunk({ chat_id: 2 ** 53 })),
      badChunk("a first seq of 0", chunk({ first_seq: 0 })),
      badChunk("a first seq after the last one", chunk({ first_seq: 6 })),
      badChunk("pins of a chat", chunk({ chat_id: 42 }, { sealed: SEALED.pins, base: PINS })),
      badChunk("a time past the largest", chunk({ time: 10 ** 14 + 1 })),
      badChunk("a device that was never in the log", chunk({}, { signer: stranger! })),
      badChunk("a signature by another device", chunk({}, { signer: second! }), TWO),
      badChunk(
        "the id of a device that was never in the log",
        chunk({ device: deviceId(stranger!.publicKey) }, { signer: stranger! }),
      ),
      badChunk("of a removed device, later", chunk({ time: ENTRY_TIME + 1 }), REMOVED),
      badChunk("of a device that a reset removed, later", chunk({ time: ENTRY_TIME + 1 }), RESET),
      badChunk("too short", chunk({}, { sealed: SEALED.messages.slice(0, 1600) })),
    ],
  },
};
