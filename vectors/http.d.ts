// Written by `npm run vectors`.
import type { Vectors, InvalidHttpFrame, ValidHttpAnswer } from "lacre/testing";

declare const vectors: Vectors<ValidHttpAnswer, InvalidHttpFrame>;
export default vectors;
