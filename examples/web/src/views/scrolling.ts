import { batch, useSignal, useSignalEffect } from "@preact/signals";
import type { ChatState } from "lacre-client";
import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Line } from "../model/conversation.js";
import { isInFront } from "../model/front.js";
import type { Home } from "../model/home.js";

/** Most messages that are in the document at a time. */
const SHOWN = 200;
/** By how many messages what is shown moves. */
const STEP = 100;
/** So close to an end, in pixels, that what is shown moves. */
const NEAR = 800;
/** Pixels by which a position may differ from what it should be: browsers round. */
const ROUNDING = 4;

export interface Scrolling {
  readonly scroller: RefObject<HTMLElement | null>;
  readonly content: RefObject<HTMLDivElement | null>;
  /** The part of the lines that is in the document. */
  readonly shown: readonly Line[];
  /** The latest time of the lines before these. */
  readonly latestBefore: number;
  readonly onScroll: () => void;
  readonly goToEnd: () => void;
}

/**
 * Shows a part of a chat's lines that moves with the scroll position, and keeps what the user reads in its place when lines
 * are added or removed above it, or change their height. At the end it follows new messages.
 */
export function useScrolling(home: Home, chat: ChatState): Scrolling {
  const conversation = home.conversation(chat.chat_id);
  const { lines, isAtEnd, isLoaded, firstUnread, written, earlier } = conversation;
  const scroller = useRef<HTMLElement>(null);
  const content = useRef<HTMLDivElement>(null);
  /** The seq of the first line that is shown; undefined for the last lines, whichever they are. */
  const from = useSignal<number | undefined>(undefined);
  /** The seq of the peer's last message that is on the screen. */
  const seen = useSignal(0);
  const place = useRef<Place>(undefined);
  /** Whether the user was brought to where the unread messages begin, or to the end. */
  const isPlaced = useRef(false);
  const hadFocus = useRef(false);
  const part = partFrom(lines.value, from.value);

  const show = (start: number) => {
    const seq = lines.peek()[Math.max(0, start)]?.seq;
    if (seq !== undefined) from.value = seq;
  };

  /** Takes in where the user is, and shows more where they are near an end. */
  const look = () => {
    const element = scroller.current!;
    const { start, end } = partFrom(lines.peek(), from.peek());
    const { scrollTop, scrollHeight, clientHeight } = element;
    const isLast = end === lines.peek().length;
    const below = scrollHeight - clientHeight - scrollTop;
    place.current = placeOf(element);
    hadFocus.current = element.contains(document.activeElement);
    if (isPlaced.current) seen.value = lastSeen(element);
    batch(() => {
      isAtEnd.value = isLast && below <= ROUNDING;
      if (isAtEnd.value) from.value = undefined;
      // What is shown does not move by itself while the user reads it.
      else if (from.peek() === undefined) show(start);
      if (scrollTop < NEAR && start > 0) show(start - STEP);
      else if (below < NEAR && !isLast) show(start + STEP);
    });
    const isAtTop = scrollTop < NEAR && start === 0;
    if (isAtTop && isLoaded.peek() && earlier.peek() === "more") {
      void home.loadEarlier(chat.chat_id);
    }
  };

  /** After the content has changed. */
  const settle = () => {
    const element = scroller.current!;
    // What had the focus may be out of the document now.
    const hasLostFocus = hadFocus.current && document.activeElement === document.body;
    if (hasLostFocus) element.focus({ preventScroll: true });
    if (isAtEnd.peek()) element.scrollTop = element.scrollHeight;
    else if (place.current !== undefined) keep(element, place.current);
    look();
  };

  const followEnd = () =>
    batch(() => {
      from.value = undefined;
      isAtEnd.value = true;
    });

  // What the user writes comes into view.
  const shownWritten = useRef(written.value);
  useLayoutEffect(() => {
    if (shownWritten.current !== written.value) followEnd();
    shownWritten.current = written.value;
  }, [written.value]);

  // Each time that something is drawn.
  useLayoutEffect(() => {
    const element = scroller.current!;
    if (!isPlaced.current && isLoaded.value) {
      const first = firstUnread.peek();
      const at = first === undefined ? -1 : indexOf(lines.peek(), first);
      // Drawn first, if it is not among the last lines.
      if (at >= 0 && at < part.start) return show(at - STEP / 2);
      isPlaced.current = true;
      const divider = element.querySelector<HTMLElement>(".divider");
      if (divider !== null) {
        isAtEnd.value = false;
        element.scrollTop += topOf(divider) - topOf(element) - element.clientHeight / 4;
        return look();
      }
    }
    settle();
  });

  useLayoutEffect(() => {
    const observer = new ResizeObserver(settle);
    observer.observe(scroller.current!);
    observer.observe(content.current!);
    return () => {
      observer.disconnect();
      isAtEnd.value = true;
    };
  }, []);

  const goToEnd = () => {
    followEnd();
    scroller.current?.focus({ preventScroll: true });
  };

  useSignalEffect(() => {
    if (isInFront.value) home.see(chat.chat_id, seen.value);
  });

  const shown = lines.value.slice(part.start, part.end);
  const before = lines.value.slice(0, part.start);
  const latestBefore = before.reduce((latest, { timestamp }) => Math.max(latest, timestamp), 0);
  return { scroller, content, shown, latestBefore, onScroll: look, goToEnd };
}

/** A message, and how far below the beginning of the content it is. */
interface Place {
  readonly seq: string;
  readonly offset: number;
}

function partFrom(lines: readonly Line[], from: number | undefined) {
  const last = Math.max(0, lines.length - SHOWN);
  const at = from === undefined ? -1 : indexOf(lines, from);
  const start = at < 0 ? last : Math.min(at, last);
  return { start, end: Math.min(lines.length, start + SHOWN) };
}

function indexOf(lines: readonly Line[], from: number): number {
  return lines.findIndex(({ seq = 0 }) => seq >= from);
}

const topOf = (element: Element) => element.getBoundingClientRect().top;
const bottomOf = (element: Element) => element.getBoundingClientRect().bottom;

/** The first message that is on the screen. */
function placeOf(scroller: HTMLElement): Place | undefined {
  const top = topOf(scroller);
  for (const message of scroller.querySelectorAll<HTMLElement>("[data-seq]")) {
    if (bottomOf(message) <= top) continue;
    const offset = topOf(message) - top + scroller.scrollTop;
    return { seq: message.dataset.seq!, offset };
  }
  return undefined;
}

/** Has a message stand where it stood before. */
function keep(scroller: HTMLElement, { seq, offset }: Place): void {
  const message = scroller.querySelector(`[data-seq="${seq}"]`);
  if (message === null) return;
  const moved = topOf(message) - topOf(scroller) + scroller.scrollTop - offset;
  if (Math.abs(moved) >= 1) scroller.scrollTop += moved;
}

/** The seq of the peer's last message that is on the screen to its last line; 0 if there is none. */
function lastSeen(scroller: HTMLElement): number {
  const { top, bottom } = scroller.getBoundingClientRect();
  const messages = [...scroller.querySelectorAll<HTMLElement>(".peer[data-seq]")];
  const isOnScreen = (message: HTMLElement) => {
    const end = bottomOf(message);
    return end > top && end <= bottom + ROUNDING;
  };
  return Number(messages.findLast(isOnScreen)?.dataset.seq ?? 0);
}
