import { expect, it } from "vitest";
import { eventError } from "../src/event-error.js";

it("reports frames that were lost on a connection", () => {
  expect(eventError({ type: "lost", frames: 2 })).toMatchObject({
    code: "ERR_LOST",
    text: expect.stringContaining("(2)"),
  });
});
