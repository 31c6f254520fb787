import { writeFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";

// Writes the longest pause of the event loop since the last time, in milliseconds, when the process receives SIGUSR2.
const delays = monitorEventLoopDelay({ resolution: 1 });
delays.enable();
process.on("SIGUSR2", () => {
  writeFileSync(process.env.PAUSE_FILE, JSON.stringify({ longest: delays.max / 1e6 }));
  delays.reset();
});
