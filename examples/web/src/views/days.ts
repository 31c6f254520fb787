import type { Line } from "../model/conversation.js";

export interface Day {
  /** Date in the local time zone, such as 2026-11-25. */
  readonly day: string;
  readonly title: string;
  readonly lines: Line[];
}

const inWords = new Intl.DateTimeFormat("en", { weekday: "long", day: "numeric", month: "long" });
const withYear = new Intl.DateTimeFormat("en", { dateStyle: "long" });
const shortDate = new Intl.DateTimeFormat("en", { day: "numeric", month: "short" });
const shortDateWithYear = new Intl.DateTimeFormat("en", { dateStyle: "medium" });
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

/**
 * Groups lines by day without changing their order. A line whose timestamp is before that of an earlier line, as the senders'
 * clocks differ, belongs to the earlier line's day. `since` is the latest timestamp of the lines before these, in Unix seconds.
 */
export function byDay(lines: readonly Line[], since = 0, now = new Date()): Day[] {
  const days: Day[] = [];
  for (const line of lines) {
    const date = new Date(Math.max(line.timestamp, since) * 1000);
    const day = dayOf(date);
    const last = days.at(-1);
    if (last !== undefined && last.day >= day) last.lines.push(line);
    else days.push({ day, title: titleOf(date, now), lines: [line] });
  }
  return days;
}

export function timeOf(timestamp: number): string {
  return clock.format(timestamp * 1000);
}

/** Returns the time of day for a timestamp of today, else the date. */
export function timeOrDateOf(timestamp: number, now = new Date()): string {
  const date = new Date(timestamp * 1000);
  if (dayOf(date) === dayOf(now)) return clock.format(date);
  return (date.getFullYear() === now.getFullYear() ? shortDate : shortDateWithYear).format(date);
}

function titleOf(date: Date, now: Date): string {
  const yesterday = new Date(now);
  yesterday.setDate(now.getDate() - 1);
  if (dayOf(date) === dayOf(now)) return "Today";
  if (dayOf(date) === dayOf(yesterday)) return "Yesterday";
  return (date.getFullYear() === now.getFullYear() ? inWords : withYear).format(date);
}

function dayOf(date: Date): string {
  const parts = [date.getFullYear(), date.getMonth() + 1, date.getDate()];
  return parts.map((part) => String(part).padStart(2, "0")).join("-");
}
