import { expect, it } from "vitest";
import { shownUnread } from "../src/index.js";

it.each([
  [1, "1"],
  [999, "999"],
  [1000, "999+"],
  [2345, "999+"],
])("shows %d unread messages as %s", (unread, shown) => {
  expect(shownUnread(unread)).toBe(shown);
});
