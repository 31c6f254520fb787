import { type ChatState, type ReadMessage, tickOf } from "lacre-client";
import stringWidth from "string-width";
import { changeLine } from "../auto-delete-line.js";
import { textOf } from "../names.js";
import { printable, printableLines } from "../printable.js";
import { wrapped } from "./fit.js";
import { paint } from "./paint.js";

/** Maximum number of characters of a message on the screen: wrapping a text takes its time. */
const LONGEST = 10_000;

/** The narrowest that a text is shown beside its head; narrower, it begins under it. */
const LEAST_ROOM = 8;

const TICKS = { queued: "…", sent: "✓", delivered: "✓✓", read: "✓✓ read" } as const;

export interface Reading {
  readonly width: number;
  readonly ownName: string;
  readonly peerName: string;
  readonly chat: Pick<ChatState, "deliveredUpTo" | "readUpTo" | "auto_delete_hours"> &
    Partial<Pick<ChatState, "auto_delete_change" | "peer_id">>;
  /** The client ids of those that the server will not take. */
  readonly failed: ReadonlySet<string | undefined>;
}

/** Messages as lines of a screen, by day. */
export function linesOf(messages: readonly ReadMessage[], reading: Reading): string[] {
  const lines: string[] = [];
  let day = "";
  const change = linesOfChange(reading);
  const after = reading.chat.auto_delete_change?.after ?? 0;
  const next = messages.find(({ seq = Number.POSITIVE_INFINITY }) => seq > after);
  for (const message of messages) {
    if (message === next) lines.push(...change);
    const its = dayOf(message);
    const { width } = reading;
    if (its !== day)
      lines.push(...wrapped(`── ${its} ──`, width).map((line) => paint("dim", line)));
    day = its;
    const tick = message.isOwn ? `  ${tickText(message, reading)}` : "";
    const kept = wrappedMessages.get(message);
    if (kept?.width === width && kept.tick === tick) {
      lines.push(...kept.lines);
    } else {
      const fresh = linesOfMessage(message, tick, reading);
      wrappedMessages.set(message, { width, tick, lines: fresh });
      lines.push(...fresh);
    }
  }
  if (next === undefined) lines.push(...change);
  return lines;
}

/** Who last set when the messages are deleted. */
function linesOfChange({ chat, ownName, peerName, width }: Reading): string[] {
  const { auto_delete_change: change, auto_delete_hours, peer_id } = chat;
  if (change === undefined) return [];
  const name = change.user_id === peer_id ? peerName : ownName;
  const line = changeLine({ auto_delete_hours, change }, name);
  return wrapped(line, width).map((one) => paint("dim", one));
}

/** What was wrapped before: a screen is drawn at each key. */
const wrappedMessages = new WeakMap<
  ReadMessage,
  { readonly width: number; readonly tick: string; readonly lines: readonly string[] }
>();

function linesOfMessage(message: ReadMessage, tick: string, reading: Reading): string[] {
  const { isOwn, content, timestamp } = message;
  const time = new Date(timestamp * 1000).toTimeString().slice(0, 5);
  const name = printable(isOwn ? reading.ownName : reading.peerName);
  const head = `${paint("dim", time)} ${paint(isOwn ? "cyan" : "green", name)}  `;
  const full = textOf(message);
  const rest = full.length > LONGEST ? `… (${full.length} characters: see history)` : "";
  const text = printableLines(full.slice(0, LONGEST) + rest).join("\n");
  const body = (content.kind === "text" ? text : paint("yellow", text)) + tick;
  const indent = stringWidth(head);
  const room = reading.width - indent;
  if (room < LEAST_ROOM) {
    return [...wrapped(head.trimEnd(), reading.width), ...wrapped(body, reading.width)];
  }
  return wrapped(body, room).map((line, at) => (at === 0 ? head : " ".repeat(indent)) + line);
}

function tickText(message: ReadMessage, { chat, failed }: Reading): string {
  if (failed.has(message.client_id)) return paint("red", "✗ not sent");
  return paint("dim", TICKS[tickOf(message, chat)]);
}

function dayOf({ timestamp }: ReadMessage): string {
  return new Intl.DateTimeFormat("en", { dateStyle: "full" }).format(timestamp * 1000);
}
