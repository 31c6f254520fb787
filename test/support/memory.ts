/** Bytes of memory in use; none where the platform does not tell. */
export function memoryInUse(): number {
  const { heapUsed = 0, arrayBuffers = 0 } = globalThis.process?.memoryUsage?.() ?? {};
  return heapUsed + arrayBuffers;
}
