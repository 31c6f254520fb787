import { ClosedLoop, type LoopPlan } from "./closed-loop.js";

// A load generator in a process of its own: connects, says that it is ready, and runs when it is told to.
let loop: ClosedLoop | undefined;
process.on("message", async (message: LoopPlan | "run") => {
  if (message !== "run") {
    loop = new ClosedLoop(message);
    await loop.connect();
    process.send!("ready");
    return;
  }
  const result = await loop!.run();
  process.send!(result, () => process.exit());
});
