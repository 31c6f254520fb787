// Written by `npm run vectors`.
import type { Vectors, InvalidGreeting, ValidGreeting } from "lacre/testing";

declare const vectors: Vectors<ValidGreeting, InvalidGreeting>;
export default vectors;
