export type { ContractCase } from "./contract/contract-case.js";
export { ContractFailure } from "./contract/failure.js";
export { contract } from "./contract/index.js";
export type { ContractSocket, ContractTarget } from "./contract/target.js";
