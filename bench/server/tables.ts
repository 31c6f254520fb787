import type { MemoryRow } from "./memory.js";
import type { PauseRow } from "./pauses.js";
import type { ServerProfile } from "./profile.js";
import type { ThroughputRow } from "./throughput.js";

export const throughputHead =
  "                                    in flight  acked/s  p50 ms  p99 ms  CPU server  CPU load";

export function throughputLine(row: ThroughputRow): string {
  return [
    row.name.padEnd(34),
    String(row.inFlight).padStart(9),
    Math.round(row.acknowledgedPerSecond).toLocaleString("en").padStart(7),
    row.p50Ms.toFixed(1).padStart(6),
    row.p99Ms.toFixed(1).padStart(6),
    percent(row.serverCpu).padStart(10),
    percent(row.loadCpu).padStart(8),
  ].join("  ");
}

export const pauseHead =
  "                                    acked/s  p50 ms  p99 ms  longest pause ms";

export function pauseLine(row: PauseRow): string {
  return [
    row.name.padEnd(34),
    Math.round(row.acknowledgedPerSecond).toLocaleString("en").padStart(7),
    row.p50Ms.toFixed(1).padStart(6),
    row.p99Ms.toFixed(1).padStart(6),
    row.longestPauseMs.toFixed(1).padStart(16),
  ].join("  ");
}

export const memoryHead =
  "                                   connections  RSS KB each  heap KB each";

export function memoryLine({ name, connections, rss, heap }: MemoryRow): string {
  const kilobytes = (bytes: number) => (bytes / 1000).toFixed(1);
  return [
    name.padEnd(34),
    connections.toLocaleString("en").padStart(11),
    kilobytes(rss).padStart(11),
    kilobytes(heap).padStart(12),
  ].join("  ");
}

export function profileLines({ parts, functions, idle }: ServerProfile): string[] {
  const lines = (rows: ServerProfile["parts"]) =>
    rows
      .filter(({ share }) => share >= 0.01)
      .map(({ name, share }) => `  ${percent(share).padStart(5)}  ${name}`);
  return [
    `${percent(idle)} of the time idle; of the rest, by part`,
    ...lines(parts),
    "by function",
    ...lines(functions),
  ];
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
