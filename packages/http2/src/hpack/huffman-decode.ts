// A Huffman decoder that reads four bits at a time (RFC 7541, 5.2).
//
// A state is an inner node of the code tree. A step looks up state × 16 + nibble. Codes have at
// least five bits, so a step completes at most one symbol.

import { huffmanCodes, huffmanLengths } from "./huffman-code.ts";

/**
 * A table entry: the next state in bits 0 to 8, then the flags, then the symbol in bits 16 to 23.
 */
const stateMask = 0x1ff;
const emits = 0x200;
/** The input may end here: the incomplete code consists of at most seven ones (5.2). */
const accepts = 0x400;
const symbolShift = 16;
/** The state after EOS, or after a prefix that only EOS has. It is final. */
const failed = 256;

const steps = buildSteps();

/**
 * Decodes `input[start, end)` into `output` from index 0, which must have room for {@link
 * huffmanDecodedBound} octets. Returns the decoded length, or -1 if the input contains EOS or its
 * padding is longer than seven bits or has a zero bit.
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

/** Returns the maximum decoded length of `octets` octets: a symbol has at least five bits. */
export function huffmanDecodedBound(octets: number): number {
  return ((octets * 8) / 5) | 0;
}

function buildSteps(): Int32Array {
  // The code tree has two children for each node: negative for a leaf (~symbol), 0 for EOS.
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
