import { batch, useSignal, useSignalEffect } from "@preact/signals";
import type { ChatState } from "lacre-client";
import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Line } from "../model/conversation.js";
import { isInFront } from "../model/front.js";
import type { Home } from "../model/home.js";

/** Maximum number of messages in the document. */
const MAX_SHOWN = 200;
/** Number of messages by which the shown part moves. */
const STEP = 100;
/** Distance to an end of the content at which the shown part moves, in pixels. */
const NEAR = 800;
/** Tolerance for positions that browsers round, in pixels. */
const ROUNDING = 4;

export interface Scrolling {
  readonly scroller: RefObject<HTMLElement | null>;
  readonly content: RefObject<HTMLDivElement | null>;
  /** The lines that are in the document. */
  readonly shown: readonly Line[];
  /** The latest timestamp of the lines before these, in Unix seconds. */
  readonly latestBefore: number;
  readonly onScroll: () => void;
  readonly goToEnd: () => void;
}

/**
 * Shows a part of a chat's lines, which moves with the scroll position. Keeps the position of what the user reads when lines
 * above it are added, are removed or change their height. At the end of the chat, scrolls to new messages.
 */
export function useScrolling(home: Home, chat: ChatState): Scrolling {
  const conversation = home.conversation(chat.chat_id);
  const { lines, isAtEnd, isLoaded, firstUnread, sentCount, earlier } = conversation;
  const scroller = useRef<HTMLElement>(null);
  const content = useRef<HTMLDivElement>(null);
  /** The seq of the first shown line. Undefined if the last lines are shown, also after new ones arrive. */
  const firstShown = useSignal<number | undefined>(undefined);
  /** The seq of the peer's last message whose last line is on the screen. */
  const seen = useSignal(0);
  const anchor = useRef<Anchor>(undefined);
  /** Whether the view was scrolled to the first unread message, or to the end. */
  const hasInitialPosition = useRef(false);
  const hadFocus = useRef(false);
  const part = partFrom(lines.value, firstShown.value);

  const show = (start: number) => {
    const seq = lines.peek()[Math.max(0, start)]?.seq;
    if (seq !== undefined) firstShown.value = seq;
  };

  /** Reads the scroll position, and moves the shown part if an end of it is near. */
  const onScroll = () => {
    const element = scroller.current!;
    const { start, end } = partFrom(lines.peek(), firstShown.peek());
    const { scrollTop, scrollHeight, clientHeight } = element;
    const isLast = end === lines.peek().length;
    const below = scrollHeight - clientHeight - scrollTop;
    anchor.current = anchorOf(element);
    hadFocus.current = element.contains(document.activeElement);
    if (hasInitialPosition.current) seen.value = lastSeen(element);
    batch(() => {
      isAtEnd.value = isLast && below <= ROUNDING;
      if (isAtEnd.value) firstShown.value = undefined;
      // Keep the shown part while the user reads: new messages must not move it.
      else if (firstShown.peek() === undefined) show(start);
      if (scrollTop < NEAR && start > 0) show(start - STEP);
      else if (below < NEAR && !isLast) show(start + STEP);
    });
    const isAtTop = scrollTop < NEAR && start === 0;
    if (isAtTop && isLoaded.peek() && earlier.peek() === "more") {
      void home.loadEarlier(chat.chat_id);
    }
  };

  /** Restores focus and scroll position after the content has changed. */
  const onContentChange = () => {
    const element = scroller.current!;
    // The element that had the focus may have been removed from the document.
    const hasLostFocus = hadFocus.current && document.activeElement === document.body;
    if (hasLostFocus) element.focus({ preventScroll: true });
    if (isAtEnd.peek()) element.scrollTop = element.scrollHeight;
    else if (anchor.current !== undefined) restoreAnchor(element, anchor.current);
    onScroll();
  };

  const showEnd = () =>
    batch(() => {
      firstShown.value = undefined;
      isAtEnd.value = true;
    });

  // Scroll to a message that the user sends.
  const lastSentCount = useRef(sentCount.value);
  useLayoutEffect(() => {
    if (lastSentCount.current !== sentCount.value) showEnd();
    lastSentCount.current = sentCount.value;
  }, [sentCount.value]);

  // After every render.
  useLayoutEffect(() => {
    const element = scroller.current!;
    if (!hasInitialPosition.current && isLoaded.value) {
      const first = firstUnread.peek();
      const at = first === undefined ? -1 : indexOf(lines.peek(), first);
      // If it is not among the shown lines, show it first: the next render scrolls to it.
      if (at >= 0 && at < part.start) return show(at - STEP / 2);
      hasInitialPosition.current = true;
      const divider = element.querySelector<HTMLElement>(".divider");
      if (divider !== null) {
        isAtEnd.value = false;
        element.scrollTop += topOf(divider) - topOf(element) - element.clientHeight / 4;
        return onScroll();
      }
    }
    onContentChange();
  });

  useLayoutEffect(() => {
    const observer = new ResizeObserver(onContentChange);
    observer.observe(scroller.current!);
    observer.observe(content.current!);
    return () => {
      observer.disconnect();
      isAtEnd.value = true;
    };
  }, []);

  const goToEnd = () => {
    showEnd();
    scroller.current?.focus({ preventScroll: true });
  };

  useSignalEffect(() => {
    if (isInFront.value) home.markRead(chat.chat_id, seen.value);
  });

  const shown = lines.value.slice(part.start, part.end);
  const before = lines.value.slice(0, part.start);
  const latestBefore = before.reduce((latest, { timestamp }) => Math.max(latest, timestamp), 0);
  return { scroller, content, shown, latestBefore, onScroll, goToEnd };
}

/** The first message on the screen, and its distance from the top of the content in pixels. */
interface Anchor {
  readonly seq: string;
  readonly offset: number;
}

function partFrom(lines: readonly Line[], from: number | undefined) {
  const last = Math.max(0, lines.length - MAX_SHOWN);
  const at = from === undefined ? -1 : indexOf(lines, from);
  const start = at < 0 ? last : Math.min(at, last);
  return { start, end: Math.min(lines.length, start + MAX_SHOWN) };
}

function indexOf(lines: readonly Line[], from: number): number {
  return lines.findIndex(({ seq = 0 }) => seq >= from);
}

const topOf = (element: Element) => element.getBoundingClientRect().top;
const bottomOf = (element: Element) => element.getBoundingClientRect().bottom;

function anchorOf(scroller: HTMLElement): Anchor | undefined {
  const top = topOf(scroller);
  for (const message of scroller.querySelectorAll<HTMLElement>("[data-seq]")) {
    if (bottomOf(message) <= top) continue;
    const offset = topOf(message) - top + scroller.scrollTop;
    return { seq: message.dataset.seq!, offset };
  }
  return undefined;
}

/** Scrolls so that a message is on the screen where it was before. */
function restoreAnchor(scroller: HTMLElement, { seq, offset }: Anchor): void {
  const message = scroller.querySelector(`[data-seq="${seq}"]`);
  if (message === null) return;
  const moved = topOf(message) - topOf(scroller) + scroller.scrollTop - offset;
  if (Math.abs(moved) >= 1) scroller.scrollTop += moved;
}

/** Returns the seq of the peer's last message whose last line is on the screen, or 0 if there is none. */
function lastSeen(scroller: HTMLElement): number {
  const { top, bottom } = scroller.getBoundingClientRect();
  const messages = [...scroller.querySelectorAll<HTMLElement>(".peer[data-seq]")];
  const isOnScreen = (message: HTMLElement) => {
    const end = bottomOf(message);
    return end > top && end <= bottom + ROUNDING;
  };
  return Number(messages.findLast(isOnScreen)?.dataset.seq ?? 0);
}
