/** Detaches the buffer of `bytes`, like postMessage with a transfer list. The array is then empty. */
export function detach(bytes: Uint8Array): void {
  structuredClone(bytes.buffer, { transfer: [bytes.buffer as ArrayBuffer] });
}

/** A resizable ArrayBuffer, which TypeScript's ES2023 types do not have. */
export interface ResizableBuffer extends ArrayBuffer {
  resize(length: number): void;
}

export function resizableBuffer(length: number): ResizableBuffer {
  return Reflect.construct(ArrayBuffer, [length, { maxByteLength: length }]) as ResizableBuffer;
}

/** A subclass whose getters and methods return wrong values. */
export class MisleadingBytes extends Uint8Array<ArrayBuffer> {
  static holding(...bytes: number[]): MisleadingBytes {
    return new MisleadingBytes(Uint8Array.from(bytes).buffer);
  }
  override get length(): number {
    return 1000;
  }
  override get byteLength(): number {
    return 0;
  }
  override get byteOffset(): number {
    return 1;
  }
  override get buffer(): ArrayBuffer {
    return new ArrayBuffer(0);
  }
  override slice(): Uint8Array<ArrayBuffer> {
    return this;
  }
  override every(): boolean {
    return false;
  }
  override [Symbol.iterator](): ArrayIterator<number> {
    return [7][Symbol.iterator]();
  }
  static get [Symbol.species](): never {
    throw new Error("the library must not read the species of an array");
  }
}
