export * from "./bodies.js";
export * from "./error-codes.js";
export * from "./operations.js";
export * as parameters from "./parameters.js";
