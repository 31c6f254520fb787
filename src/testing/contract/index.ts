import { accounts } from "./cases/accounts.js";
import { chats } from "./cases/chats.js";
import { frames } from "./cases/frames.js";
import { greeting } from "./cases/greeting.js";
import { httpMessages } from "./cases/http-messages.js";
import { marks } from "./cases/marks.js";
import { membership } from "./cases/membership.js";
import { messages } from "./cases/messages.js";
import { resumes } from "./cases/resume.js";
import type { ContractCase } from "./contract-case.js";

/**
 * What a server must do, case by case: each is independent of the others, brings its own users, and may run at the same
 * time as they do. Tied to no test runner.
 *
 * ```ts
 * for (const { requirement, name, run } of contract) test(`${requirement}: ${name}`, () => run(target));
 * ```
 */
export const contract: readonly ContractCase[] = [
  ...accounts,
  ...chats,
  ...greeting,
  ...frames,
  ...messages,
  ...resumes,
  ...marks,
  ...membership,
  ...httpMessages,
];
