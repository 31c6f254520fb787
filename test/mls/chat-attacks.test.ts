import { describe, expect, it } from "vitest";
import { chatOf, identity, logsOf, newUser } from "../support/mls-chat.js";

describe("a device with a pending commit", () => {
  it("does not propose to leave: both would have the same key, and others would reject the commit", async () => {
    const users = [await newUser(7), await newUser(9)];
    const [alice] = await chatOf(users);
    const { chat } = await alice!.commit({ logs: logsOf(users), ...identity() });
    await expect(chat.leave(identity())).rejects.toMatchObject({ code: "ERR_COMMIT_PENDING" });
    const { message } = await chat.withdraw().leave(identity());
    expect(message.content_type).toBe("proposal");
  });
});
