import { deriveChatKey } from "../src/e2e/index.js";

// How fast somebody who has a chat's salt and check tries passphrases, with this library on this machine: a floor. A
// graphics card tries thousands of times as many.
const TRIES = 5;
const salt = new Uint8Array(16).fill(7);

for (const iterations of [100_000, 600_000]) {
  const times: number[] = [];
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const start = performance.now();
    await deriveChatKey(`guess ${attempt}`, { salt, iterations });
    times.push((performance.now() - start) / 1000);
  }
  const best = Math.min(...times);
  console.log(
    `${iterations} iterations: ${(1 / best).toFixed(1)} guesses a second on one core (best of ${TRIES}: ${(1000 * best).toFixed(0)} ms)`,
  );
}
