import { contract } from "lacre/testing";
import { afterAll, beforeAll, describe, it } from "vitest";
import type { DatabaseKind } from "../../harness/processes/database.js";
import { onEachDatabase } from "../storage/databases.js";
import { ContractServer } from "./contract-server.js";

const suite = (kind: DatabaseKind) => {
  const server = new ContractServer(kind);
  beforeAll(() => server.start());
  afterAll(() => server.remove());

  describe.concurrent("contract suite", () => {
    for (const { requirement, name, run } of contract) {
      it(`${requirement}: ${name}`, () => run(server));
    }
  });
};

onEachDatabase("the server fulfils the contract:", suite, { isSlow: true });
