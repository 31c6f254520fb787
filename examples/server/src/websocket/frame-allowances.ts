import type { Coordination } from "../coordination/coordination.js";
import { BURST, FrameAllowance } from "./frame-allowance.js";

/** Milliseconds between two reports of spent points to the other instances. */
const INTERVAL_MS = 250;

/** Frame allowances by user, shared by all connections on all instances. */
export class FrameAllowances {
  readonly #perSecond: number;
  readonly #coordination: Coordination;
  readonly #users = new Map<number, FrameAllowance>();
  readonly #timer: NodeJS.Timeout;
  #isReporting = false;

  constructor(perSecond: number, coordination: Coordination) {
    this.#perSecond = perSecond;
    this.#coordination = coordination;
    this.#timer = setInterval(() => void this.#report(), INTERVAL_MS).unref();
  }

  of(userId: number): FrameAllowance {
    let allowance = this.#users.get(userId);
    if (allowance === undefined) {
      allowance = new FrameAllowance(this.#perSecond);
      this.#users.set(userId, allowance);
    }
    return allowance;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #report(): Promise<void> {
    if (this.#isReporting) return;
    this.#isReporting = true;
    const spent = new Map<number, number>();
    for (const [userId, allowance] of this.#users) {
      const points = allowance.takeUnreported();
      if (points > 0) spent.set(userId, points);
      else if (allowance.isFull) this.#users.delete(userId);
    }
    const bucket = {
      name: "frames",
      perSecond: this.#perSecond,
      capacity: BURST * this.#perSecond,
    };
    const left = await this.#coordination.spend(bucket, spent);
    for (const [userId, points] of left) this.#users.get(userId)?.limitTo(points);
    this.#isReporting = false;
  }
}
