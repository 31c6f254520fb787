/** Returns the memory in use in bytes, or 0 if the platform does not report it. */
export function memoryInUse(): number {
  const { heapUsed = 0, arrayBuffers = 0 } = globalThis.process?.memoryUsage?.() ?? {};
  return heapUsed + arrayBuffers;
}
