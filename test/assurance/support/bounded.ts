/** Milliseconds permitted for any input, and for each of its bytes in addition. */
const BASE_MS = 25;
const MS_PER_BYTE = 0.001;
/** Maximum attempts. Work that is slow only because the machine is busy is fast in one of them. */
const TRIES = 5;
/** Bytes of memory permitted for any input (engines collect no garbage earlier), and for each of its bytes in addition. */
const BASE_MEMORY = 32 * 1024 * 1024;
const MEMORY_PER_BYTE = 20;

/** Returns whether `elapsed` milliseconds are permitted for `size` bytes. */
export function isQuick(elapsed: number, size: number, base = BASE_MS): boolean {
  return elapsed <= base + MS_PER_BYTE * size;
}

/** Returns whether one of several attempts is fast enough. */
export async function isQuickAtBest(
  work: () => unknown,
  size: number,
  base?: number,
): Promise<boolean> {
  return isSoOnce(async () => {
    const start = performance.now();
    const cpuBefore = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(cpuBefore);
    // On a busy machine, elapsed time includes the time of other processes.
    return isQuick(Math.min(performance.now() - start, (user + system) / 1000), size, base);
  });
}

/** Returns whether one of several attempts takes no more memory than is permitted for `size` bytes. */
export async function isFrugal(work: () => unknown, size: number): Promise<boolean> {
  return isSoOnce(async () => {
    const before = process.memoryUsage();
    await work();
    const after = process.memoryUsage();
    const taken = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
    return taken <= BASE_MEMORY + MEMORY_PER_BYTE * size;
  });
}

async function isSoOnce(attempt: () => Promise<boolean>): Promise<boolean> {
  for (let one = 0; one < TRIES; one++) if (await attempt()) return true;
  return false;
}
