/** Milliseconds that any input may take, and what each of its bytes may add: a hundred times what they do. */
const BASE_MS = 25;
const MS_PER_BYTE = 0.005;
/** How often something slow is tried again: what was the machine's doing is not slow each time. */
const TRIES = 5;
/** Bytes of memory that any input may take, and what each of its bytes may add. */
const BASE_MEMORY = 8 * 1024 * 1024;
const MEMORY_PER_BYTE = 512;

/** Whether `elapsed` milliseconds are within what `size` bytes may cost. */
export function isQuick(elapsed: number, size: number): boolean {
  return elapsed <= BASE_MS + MS_PER_BYTE * size;
}

/** Whether one of several tries is quick enough. */
export async function isQuickAtBest(work: () => unknown, size: number): Promise<boolean> {
  return isSoOnce(async () => {
    const start = performance.now();
    await work();
    return isQuick(performance.now() - start, size);
  });
}

/** Whether one of several tries leaves behind, or reaches, no more memory than `size` bytes may take: others allocate too. */
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
