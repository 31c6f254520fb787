import { ClosedLoop, type LoopPlan } from "./closed-loop.js";

// Load generator in a separate process: connects, reports that it is ready, and starts on request.
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
