import { type ChatState, type ReadMessage, tickOf } from "lacre-client";
import stringWidth from "string-width";
import { changeLine } from "../auto-delete-line.js";
import { textOf } from "../message-format.js";
import { printable, printableLines } from "../printable.js";
import { wrapped } from "./fit.js";
import { paint } from "./paint.js";

/** Maximum number of characters of a message on the screen. Wrapping a longer text would be slow. */
const MAX_SHOWN = 10_000;

/** Minimum number of cells for a text beside its time and name. With less room, the text begins on the next line. */
const MIN_ROOM = 8;

const TICKS = { queued: "…", sent: "✓", delivered: "✓✓", read: "✓✓ read" } as const;

/** What the lines of a chat depend on besides its messages. */
export interface LayoutContext {
  readonly width: number;
  readonly ownName: string;
  readonly peerName: string;
  readonly chat: Pick<ChatState, "deliveredUpTo" | "readUpTo" | "auto_delete_hours"> &
    Partial<Pick<ChatState, "auto_delete_change" | "peer_id">>;
  /** The client ids of the messages that the server rejected. */
  readonly failed: ReadonlySet<string | undefined>;
}

/** Formats messages as lines of the screen, with a heading for each day. */
export function linesOf(messages: readonly ReadMessage[], context: LayoutContext): string[] {
  const lines: string[] = [];
  let day = "";
  const change = linesOfChange(context);
  const after = context.chat.auto_delete_change?.after ?? 0;
  const next = messages.find(({ seq = Number.POSITIVE_INFINITY }) => seq > after);
  for (const message of messages) {
    if (message === next) lines.push(...change);
    const { width } = context;
    const previousDay = day;
    day = dayOf(message);
    if (day !== previousDay) {
      lines.push(...wrapped(`── ${day} ──`, width).map((line) => paint("dim", line)));
    }
    const tick = message.isOwn ? `  ${tickText(message, context)}` : "";
    const cached = wrappedMessages.get(message);
    if (cached?.width === width && cached.tick === tick) {
      lines.push(...cached.lines);
    } else {
      const fresh = linesOfMessage(message, tick, context);
      wrappedMessages.set(message, { width, tick, lines: fresh });
      lines.push(...fresh);
    }
  }
  if (next === undefined) lines.push(...change);
  return lines;
}

/** Formats the last change of the auto-delete setting. */
function linesOfChange({ chat, ownName, peerName, width }: LayoutContext): string[] {
  const { auto_delete_change: change, auto_delete_hours, peer_id } = chat;
  if (change === undefined) return [];
  const name = change.user_id === peer_id ? peerName : ownName;
  const line = changeLine({ auto_delete_hours, change }, name);
  return wrapped(line, width).map((one) => paint("dim", one));
}

/** Cached lines of messages, because the screen is drawn at each key. */
const wrappedMessages = new WeakMap<
  ReadMessage,
  { readonly width: number; readonly tick: string; readonly lines: readonly string[] }
>();

function linesOfMessage(message: ReadMessage, tick: string, context: LayoutContext): string[] {
  const { isOwn, content, timestamp } = message;
  const time = new Date(timestamp * 1000).toTimeString().slice(0, 5);
  const name = printable(isOwn ? context.ownName : context.peerName);
  const head = `${paint("dim", time)} ${paint(isOwn ? "cyan" : "green", name)}  `;
  const full = textOf(message);
  const rest = full.length > MAX_SHOWN ? `… (${full.length} characters: see history)` : "";
  const text = printableLines(full.slice(0, MAX_SHOWN) + rest).join("\n");
  const body = (content.kind === "text" ? text : paint("yellow", text)) + tick;
  const indent = stringWidth(head);
  const room = context.width - indent;
  if (room < MIN_ROOM) {
    return [...wrapped(head.trimEnd(), context.width), ...wrapped(body, context.width)];
  }
  return wrapped(body, room).map((line, at) => (at === 0 ? head : " ".repeat(indent)) + line);
}

function tickText(message: ReadMessage, { chat, failed }: LayoutContext): string {
  if (failed.has(message.client_id)) return paint("red", "✗ not sent");
  return paint("dim", TICKS[tickOf(message, chat)]);
}

function dayOf({ timestamp }: ReadMessage): string {
  return new Intl.DateTimeFormat("en", { dateStyle: "full" }).format(timestamp * 1000);
}
