// Written by `npm run vectors`.
import type { Vectors, ValidFrame, InvalidFrame } from "lacre/testing";

declare const vectors: Vectors<ValidFrame, InvalidFrame>;
export default vectors;
