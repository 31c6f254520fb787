import { defineConfig } from "vitest/config";
import {
  architecture,
  examples,
  isolatedExamples,
  maxWorkers,
  onNode,
  onOtherPlatforms,
  thePackage,
  twoInstances,
  web,
} from "./test/runtimes/projects.js";

/** The complete suite: npm run test:all, and any part of it with npx vitest. */
export default defineConfig({
  test: {
    maxWorkers,
    projects: [
      architecture,
      thePackage(),
      ...onNode(),
      ...onOtherPlatforms(),
      examples(),
      isolatedExamples(),
      web,
      ...(await twoInstances()),
    ],
  },
});
