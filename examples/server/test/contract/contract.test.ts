import { contract } from "lacre/testing";
import { afterAll, beforeAll, describe, it } from "vitest";
import { onEachDatabase } from "../storage/databases.js";
import { ContractServer } from "./contract-server.js";

onEachDatabase("the server keeps its contract:", (kind) => {
  const server = new ContractServer(kind);
  beforeAll(() => server.start());
  afterAll(() => server.remove());

  describe.concurrent("case by case", () => {
    for (const { requirement, name, run } of contract) {
      it(`${requirement}: ${name}`, () => run(server));
    }
  });
});
