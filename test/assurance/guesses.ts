import { deriveUnchecked } from "../../src/e2e/derive-chat-key.js";

// Measures how many passphrases per second an attacker who has the salt and check of a chat can try with this library on
// one core. It measures CPU time, so that a busy machine gives the same figure. Specialized hardware is far faster.
const TRIES = 9;
const salt = new Uint8Array(16).fill(7);

for (const iterations of [100_000, 600_000]) {
  const seconds: number[] = [];
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const before = process.cpuUsage();
    await deriveUnchecked(`guess ${attempt}`, { salt, iterations });
    const { user, system } = process.cpuUsage(before);
    seconds.push((user + system) / 1e6);
  }
  const best = Math.min(...seconds);
  console.log(
    `${iterations} iterations: ${(1 / best).toFixed(1)} guesses a second on one core (best of ${TRIES}: ${(1000 * best).toFixed(0)} ms each)`,
  );
}
