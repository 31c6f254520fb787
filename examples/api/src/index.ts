export * from "./bodies.js";
export * from "./commit-bodies.js";
export * from "./device-bodies.js";
export * from "./error-codes.js";
export * from "./history-bodies.js";
export * from "./operation.js";
export * from "./operations.js";
export * as parameters from "./parameters.js";
