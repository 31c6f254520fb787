import { type ChatState, type ReadMessage, tickOf } from "lacre-client";
import stringWidth from "string-width";
import wrap from "wrap-ansi";
import { textOf } from "../names.js";
import { printable, printableLines } from "../printable.js";
import { paint } from "./paint.js";

const TICKS = { queued: "…", sent: "✓", delivered: "✓✓", read: "✓✓ read" } as const;

export interface Reading {
  readonly width: number;
  readonly ownName: string;
  readonly peerName: string;
  readonly chat: Pick<ChatState, "deliveredUpTo" | "readUpTo">;
  /** The client ids of those that the server will not take. */
  readonly failed: ReadonlySet<string | undefined>;
}

/** Messages as lines of a screen, by day. */
export function linesOf(messages: readonly ReadMessage[], reading: Reading): string[] {
  const lines: string[] = [];
  let day = "";
  for (const message of messages) {
    const its = dayOf(message);
    if (its !== day) lines.push(paint("dim", `── ${its} ──`));
    day = its;
    lines.push(...linesOfMessage(message, reading));
  }
  return lines;
}

function linesOfMessage(message: ReadMessage, reading: Reading): string[] {
  const { isOwn, content, timestamp } = message;
  const time = new Date(timestamp * 1000).toTimeString().slice(0, 5);
  const name = printable(isOwn ? reading.ownName : reading.peerName);
  const head = `${paint("dim", time)} ${paint(isOwn ? "cyan" : "green", name)}  `;
  const indent = stringWidth(head);
  const text = printableLines(textOf(message)).join("\n");
  const body = content.kind === "text" ? text : paint("yellow", text);
  const tick = isOwn ? `  ${tickText(message, reading)}` : "";
  const room = Math.max(8, reading.width - indent);
  const wrapped = wrap(body + tick, room, { hard: true, trim: false }).split("\n");
  return wrapped.map((line, at) => (at === 0 ? head : " ".repeat(indent)) + line);
}

function tickText(message: ReadMessage, { chat, failed }: Reading): string {
  if (failed.has(message.client_id)) return paint("red", "✗ not sent");
  return paint("dim", TICKS[tickOf(message, chat)]);
}

function dayOf({ timestamp }: ReadMessage): string {
  return new Intl.DateTimeFormat("en", { dateStyle: "full" }).format(timestamp * 1000);
}
