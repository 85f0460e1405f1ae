// A Huffman decoder that reads four bits a step (RFC 7541, 5.2).
//
// A state is an inner node of the code tree. A step looks up state × 16 + nibble. The shortest code
// has five bits, so that a step ends at most one symbol.

import { huffmanCodes, huffmanLengths } from "./huffman-code.ts";

/** A step's entry: the next state in bits 0 to 8, then the flags, then the symbol in bits 16 to 23. */
const stateMask = 0x1ff;
const emits = 0x200;
/** The input may end here: what is read of the next code is at most seven ones (5.2). */
const accepts = 0x400;
const symbolShift = 16;
/** The state after EOS or after a prefix of EOS that no symbol shares. It has no way out. */
const failed = 256;

const steps = buildSteps();

/**
 * Decodes `input[start, end)` into `output` from index 0, which must have room for
 * {@link huffmanDecodedBound} octets. Returns the decoded length, or -1 if the input holds EOS, or
 * if its padding has more than seven bits or a zero bit.
 */
export function huffmanDecode(input: Uint8Array, start: number, end: number, output: Uint8Array): number {
  let state = 0;
  let step = accepts;
  let length = 0;
  for (let i = start; i < end; i++) {
    const octet = input[i] as number;
    step = steps[(state << 4) | (octet >> 4)] as number;
    if ((step & emits) !== 0) output[length++] = step >> symbolShift;
    step = steps[((step & stateMask) << 4) | (octet & 0xf)] as number;
    if ((step & emits) !== 0) output[length++] = step >> symbolShift;
    state = step & stateMask;
  }
  return (step & accepts) === 0 ? -1 : length;
}

/** The greatest length that `octets` octets of Huffman code decode to: a symbol has five bits or more. */
export function huffmanDecodedBound(octets: number): number {
  return ((octets * 8) / 5) | 0;
}

function buildSteps(): Int32Array {
  // The code tree: two children a node, negative for a leaf (~symbol), 0 where EOS lies.
  const children: number[] = [0, 0];
  for (let symbol = 0; symbol < 256; symbol++) {
    const code = huffmanCodes[symbol] as number;
    let node = 0;
    for (let bit = (huffmanLengths[symbol] as number) - 1; bit >= 0; bit--) {
      const at = node * 2 + ((code >>> bit) & 1);
      if (bit === 0) children[at] = ~symbol;
      else {
        if (children[at] === 0) children[at] = children.push(0, 0) / 2 - 1;
        node = children[at] as number;
      }
    }
  }
  const padding = new Set<number>([0]);
  for (let node = 0, ones = 1; ones <= 7; ones++) {
    node = children[node * 2 + 1] as number;
    padding.add(node);
  }
  const table = new Int32Array((failed + 1) * 16).fill(failed);
  for (let state = 0; state < children.length / 2; state++) {
    for (let nibble = 0; nibble < 16; nibble++) {
      table[state * 16 + nibble] = stepOf(children, padding, state, nibble);
    }
  }
  return table;
}

function stepOf(children: readonly number[], padding: ReadonlySet<number>, state: number, nibble: number): number {
  let node = state;
  let emitted = 0;
  for (let bit = 3; bit >= 0; bit--) {
    const next = children[node * 2 + ((nibble >> bit) & 1)] as number;
    if (next === 0) return failed;
    if (next < 0) emitted = emits | (~next << symbolShift);
    node = Math.max(next, 0);
  }
  return node | emitted | (padding.has(node) ? accepts : 0);
}
