import { tickOf } from "lacre-client";
import type { Line } from "../model/conversation.js";
import { splitLinks } from "../model/links.js";
import { timeOf } from "./days.js";
import { Ticks } from "./parts.js";

export interface MessageProps {
  readonly line: Line;
  readonly peerName: string;
  readonly showsCiphertext: boolean;
  readonly deliveredUpTo: number;
  readonly readUpTo: number;
  readonly moveToDraft: (line: Line) => void;
}

export function Message({
  line,
  peerName,
  showsCiphertext,
  moveToDraft,
  ...receipts
}: MessageProps) {
  const { isOwn, timestamp, failure } = line;
  return (
    <li
      class={`message ${isOwn ? "own" : "peer"} ${failure === undefined ? "" : "failed"}`}
      data-seq={line.seq}
    >
      <span class="hidden">{isOwn ? "You" : peerName}: </span>
      {showsCiphertext ? <Ciphertext line={line} /> : <Text line={line} />}
      <p class="meta">
        <time dateTime={new Date(timestamp * 1000).toISOString()}>{timeOf(timestamp)}</time>
        {isOwn && failure === undefined && <Ticks tick={tickOf(line, receipts)} />}
      </p>
      {failure !== undefined && (
        <p class="failure">
          Not sent: {failure}{" "}
          <button type="button" class="link" onClick={() => moveToDraft(line)}>
            Write it again
          </button>
        </p>
      )}
    </li>
  );
}

const UNREADABLE = {
  locked: "This message needs the chat’s passphrase.",
  tampered: "This message cannot be read: it was not written for this chat, or it was changed.",
  newer: "This message cannot be read: it was written with a newer version.",
} as const;

/** Shows the text of a message as a text node, never as markup. */
function Text({ line: { content } }: { line: Line }) {
  if (content.kind === "text") {
    return (
      <p class="text" dir="auto">
        {splitLinks(content.text).map(({ at, text, href }) =>
          href === undefined ? text : <Link key={at} text={text} href={href} />,
        )}
      </p>
    );
  }
  if (content.kind === "unreadable") return <p class="unreadable">{UNREADABLE[content.reason]}</p>;
  return (
    <>
      <p class="unreadable">This message was written with a newer version.</p>
      {content.fallback !== "" && (
        <p class="text" dir="auto">
          {content.fallback}
        </p>
      )}
    </>
  );
}

/** A link that opens in another tab, without a `Referer` header. The page fetches nothing from its address. */
function Link({ text, href }: { text: string; href: string }) {
  return (
    <a href={href} dir="ltr" target="_blank" rel="noopener noreferrer">
      {text}
    </a>
  );
}

/** Maximum number of bytes of a ciphertext that are shown. */
const MAX_BYTES = 72;

function Ciphertext({ line: { encrypted } }: { line: Line }) {
  const { content, nonce } = encrypted;
  const shown = base64(content.subarray(0, MAX_BYTES));
  return (
    <>
      <p class="ciphertext">
        <code>
          {shown}
          {content.length > MAX_BYTES && "…"}
        </code>
      </p>
      <p class="hint">
        {content.length.toLocaleString("en")} bytes, nonce <code>{base64(nonce)}</code>
      </p>
    </>
  );
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
