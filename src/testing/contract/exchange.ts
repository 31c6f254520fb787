import { encodeHex, isBytes } from "../../bytes.js";
import { MessageProtocol } from "../../envelope/message-protocol.js";

const MAX_SHOWN = 400;
const MAX_TEXT = 100;
const MAX_LINE = 950;
/** Byte strings up to this length are shown in hexadecimal digits. */
const MAX_BYTES = 32;
/** Numbers of lines that are kept from the beginning and from the end. */
const FIRST_LINES = 20;
const LAST_LINES = 60;

/** Fields with credentials. */
const SECRETS = new Set(["access_token", "refresh_token", "session_key", "ticket", "password"]);

/** Formats a value: shortened, without credentials, and with the lengths of long byte strings. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value, (key, inner) => {
    if (SECRETS.has(key)) return "<secret>";
    if (isBytes(inner)) return shownBytes(inner);
    return typeof inner === "string" ? shortened(inner, MAX_TEXT) : inner;
  });
  return text === undefined ? "nothing" : shortened(text, MAX_SHOWN);
}

function shownBytes(bytes: Uint8Array): string {
  const digits = bytes.length <= MAX_BYTES ? `: ${encodeHex(bytes)}` : "";
  return `<${bytes.length} bytes${digits}>`;
}

function shortened(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}… (${text.length} characters)` : text;
}

/** Formats a frame with its size and its fields, and other bytes by their beginning. */
export function shownFrame(bytes: Uint8Array): string {
  try {
    const { type, wire, payload } = MessageProtocol.fromBytes(bytes);
    return `${type}, ${bytes.length} bytes on wire ${wire} ${shown(payload)}`;
  } catch {
    const start = encodeHex(bytes.subarray(0, 16));
    return `${bytes.length} bytes that are no frame${start && `: ${start}`}`;
  }
}

/** Formats a path without the credentials in its query. */
export function shownPath(path: string): string {
  return shortened(path.replaceAll(/(?<=[?&](?:ticket|token)=)[^&]{4,}/g, "<secret>"), MAX_TEXT);
}

/** Records what a case sends and receives, as lines of text with the seconds since its start. */
export class Exchange {
  readonly #start = performance.now();
  readonly #first: string[] = [];
  readonly #last: string[] = [];
  #left = 0;

  add(text: string): void {
    const seconds = ((performance.now() - this.#start) / 1000).toFixed(3);
    const line = shortened(`${seconds} s  ${text}`, MAX_LINE);
    if (this.#first.length < FIRST_LINES) {
      this.#first.push(line);
      return;
    }
    this.#last.push(line);
    if (this.#last.length <= LAST_LINES) return;
    this.#last.shift();
    this.#left += 1;
  }

  /** Returns at most 81 lines: the first ones and the last ones. */
  lines(): readonly string[] {
    const left = this.#left === 0 ? [] : [`… ${this.#left} more`];
    return [...this.#first, ...left, ...this.#last];
  }
}
