import { expect, it } from "vitest";
import { troubleOf } from "../src/trouble.js";

it("reports frames that were lost on a connection", () => {
  expect(troubleOf({ type: "lost", frames: 2 })).toMatchObject({
    code: "ERR_LOST",
    text: expect.stringContaining("(2)"),
  });
});
