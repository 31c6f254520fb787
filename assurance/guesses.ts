import { deriveChatKey } from "../src/e2e/index.js";

// How fast somebody who has a chat's salt and check tries passphrases with this library on one core of this machine. It
// is counted in the core's own time, so that a busy machine gives the same figure. Hardware made for it is far quicker.
const TRIES = 9;
const salt = new Uint8Array(16).fill(7);

for (const iterations of [100_000, 600_000]) {
  const seconds: number[] = [];
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const before = process.cpuUsage();
    await deriveChatKey(`guess ${attempt}`, { salt, iterations });
    const { user, system } = process.cpuUsage(before);
    seconds.push((user + system) / 1e6);
  }
  const best = Math.min(...seconds);
  console.log(
    `${iterations} iterations: ${(1 / best).toFixed(1)} guesses a second on one core (best of ${TRIES}: ${(1000 * best).toFixed(0)} ms each)`,
  );
}
