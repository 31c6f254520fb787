// Preloaded into the measured server: at SIGUSR2, collects garbage and writes the memory usage into a file.
import { writeFileSync } from "node:fs";

process.on("SIGUSR2", () => {
  for (let time = 0; time < 3; time++) globalThis.gc();
  writeFileSync(process.env.MEMORY_FILE, JSON.stringify(process.memoryUsage()));
});
