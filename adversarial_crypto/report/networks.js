"use strict";
// The players as plain JavaScript: dense layers and one-dimensional convolutions of one replica, in double precision.

const ACTIVATIONS = {
  none: (x) => x,
  relu: (x) => Math.max(x, 0),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
};

// Base64 of little-endian float32 numbers.
function numbersOf(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}

// A function from an array of numbers to an array of numbers. `layers` are in order; `weights` holds of each its
// weights, (out, in) or (out, in, window), and then its biases.
function player(layers, weights) {
  let at = 0;
  const steps = layers.map((layer) => {
    const count = layer.out * layer.in * (layer.window || 1);
    const step = {
      layer,
      weight: weights.subarray(at, at + count),
      bias: weights.subarray(at + count, at + count + layer.out),
      activation: ACTIVATIONS[layer.activation],
    };
    at += count + layer.out;
    return step;
  });
  return (inputs) => steps.reduce((values, step) => (step.layer.window ? convolve : multiply)(step, values), inputs);
}

function multiply({ layer, weight, bias, activation }, inputs) {
  const outputs = new Float64Array(layer.out);
  for (let o = 0; o < layer.out; o++) {
    let sum = bias[o];
    for (let i = 0; i < layer.in; i++) sum += weight[o * layer.in + i] * inputs[i];
    outputs[o] = activation(sum);
  }
  return outputs;
}

// SAME padding, the odd element on the right. Channels lie one after another.
function convolve({ layer, weight, bias, activation }, inputs) {
  const length = inputs.length / layer.in, places = Math.ceil(length / layer.stride);
  const missing = Math.max((places - 1) * layer.stride + layer.window - length, 0), left = Math.floor(missing / 2);
  const outputs = new Float64Array(layer.out * places);
  for (let o = 0; o < layer.out; o++) {
    for (let place = 0; place < places; place++) {
      let sum = bias[o];
      for (let i = 0; i < layer.in; i++) {
        for (let k = 0; k < layer.window; k++) {
          const from = place * layer.stride + k - left;
          if (from >= 0 && from < length) {
            sum += weight[(o * layer.in + i) * layer.window + k] * inputs[i * length + from];
          }
        }
      }
      outputs[o * places + place] = activation(sum);
    }
  }
  return outputs;
}

// Q_b: the middle of the bin of 2^bits that a number of [-1, 1] falls into.
function quantised(x, bits) {
  const bins = 2 ** bits, bin = Math.min(Math.max(Math.floor((x + 1) * bins / 2), 0), bins - 1);
  return -1 + (2 * bin + 1) / bins;
}

const join = (...arrays) => Float64Array.from(arrays.flatMap((array) => Array.from(array)));
const signs = (values) => Array.from(values, (value) => (value > 0 ? 1 : -1));

// Bits -1 and +1 of a whole number, the highest first.
const bitsOf = (number, count) => Array.from({ length: count }, (_, i) => ((number >>> (count - 1 - i)) & 1 ? 1 : -1));

// Tries keys [first, stop): which of them, when Bob's answer is encrypted again, gives the ciphertext best.
// The result: {key, distance, message}, the distance summed over the elements.
function search(alice, bob, ciphertext, keyBits, shown, first, stop) {
  let best = { key: -1, distance: Infinity, message: null };
  for (let number = first; number < stop; number++) {
    const key = bitsOf(number, keyBits), message = signs(bob(join(ciphertext, key)));
    const again = alice(join(message, key));
    let distance = 0;
    for (let i = 0; i < ciphertext.length; i++) distance += Math.abs(shown(again[i]) - ciphertext[i]);
    if (distance < best.distance) best = { key: number, distance, message };
  }
  return best;
}
