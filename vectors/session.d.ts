// Written by `npm run vectors`.
import type { Vectors, InvalidHandshake, ValidHandshake } from "lacre/testing";

declare const vectors: Vectors<ValidHandshake, InvalidHandshake>;
export default vectors;
