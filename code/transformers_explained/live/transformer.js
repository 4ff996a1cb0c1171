// The Transformer once more, in plain JavaScript: this is what runs in the page. A text
// is a list of vectors, one per token. Weights have the names of the package's modules.

// A matrix comes as whole numbers from -127 to 127 and one scale per row, a vector as it
// is.
function unpackWeights({ tensors, rows, floats }) {
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
  const whole = new Int8Array(bytes(rows)), numbers = new Float32Array(bytes(floats));
  const weights = {};
  let row = 0, number = 0;
  for (const [name, height, width] of tensors) {
    const vector = numbers.subarray(number, (number += height));
    weights[name] = !width ? vector : Array.from(vector, (scale) =>
      Float32Array.from(whole.subarray(row, (row += width)), (value) => value * scale));
  }
  return weights;
}

function dot(x, y) {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * y[i];
  return sum;
}

const add = (x, y) => x.map((value, i) => value + y[i]);

function linear(matrix, bias, x) {
  const result = new Float64Array(matrix.length);
  matrix.forEach((row, i) => { result[i] = dot(row, x) + (bias ? bias[i] : 0); });
  return result;
}

function softmax(scores) {
  const highest = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = scores.map((score) => Math.exp(score - highest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

function layerNorm(x, weight, bias, eps) {
  const mean = x.reduce((a, b) => a + b, 0) / x.length;
  const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
  const size = Math.sqrt(variance + eps);
  return x.map((value, i) => ((value - mean) / size) * weight[i] + bias[i]);
}

const ACTIVATIONS = {
  relu: (x) => Math.max(x, 0),
  gelu_tanh: (x) =>
    0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
};

// Sine in the even features, cosine in the odd ones.
const sinusoid = (position, size) => Float64Array.from({ length: size }, (_, i) => {
  const angle = position / 10000 ** ((i - (i % 2)) / size);
  return i % 2 ? Math.cos(angle) : Math.sin(angle);
});

// What an attention keeps of the tokens: keys and values, and how each query looked.
// A copy can go on by itself, for the beam.
const nothingKept = () => ({ keys: [], values: [], looks: [] });
const copyKept = ({ keys, values, looks }) =>
  ({ keys: [...keys], values: [...values], looks: [...looks] });

class Transformer {
  constructor(packed) {
    this.config = packed.config;
    this.weights = unpackWeights(packed);
  }
  linear(name, x) {
    return linear(this.weights[`${name}.weight`], this.weights[`${name}.bias`], x);
  }
  norm(name, x) {
    const { weights, config } = this;
    return layerNorm(x, weights[`${name}.weight`], weights[`${name}.bias`], config.norm_eps);
  }

  // A token leaves a key, to be compared with queries, and a value, to be given.
  keep(name, x, kept) {
    kept.keys.push(this.linear(`${name}.k_proj`, x));
    kept.values.push(this.linear(`${name}.v_proj`, x));
  }
  // softmax(q · k / √D), then the mean of the values with these weights; each head on
  // its own part of the vectors.
  attend(name, x, kept) {
    const query = this.linear(`${name}.q_proj`, x), { num_heads } = this.config;
    const found = new Float64Array(query.length), size = query.length / num_heads;
    const weights = [];
    for (let head = 0; head < num_heads; head++) {
      const part = (vector) => vector.subarray(head * size, (head + 1) * size);
      const scores = kept.keys.map((key) => dot(part(query), part(key)) / Math.sqrt(size));
      weights.push(softmax(scores));
      kept.values.forEach((value, s) => {
        const from = part(value), to = part(found), weight = weights[head][s];
        for (let i = 0; i < size; i++) to[i] += weight * from[i];
      });
    }
    kept.looks.push({ query, weights });
    return this.linear(`${name}.out_proj`, found);
  }
  // Masked: each token looks before the next one has left its key. No mask is needed.
  maskedAttention(name, xs, kept) {
    return xs.map((x) => { this.keep(name, x, kept); return this.attend(name, x, kept); });
  }
  fullAttention(name, xs, kept) {
    xs.forEach((x) => this.keep(name, x, kept));
    return xs.map((x) => this.attend(name, x, kept));
  }
  feedForward(layer) {
    const name = `${layer}.feed_forward`, activation = ACTIVATIONS[this.config.activation];
    const inner = (x) => this.linear(`${name}.linear1`, x).map(activation);
    return (xs) => xs.map((x) => this.linear(`${name}.linear2`, inner(x)));
  }
  // x + f(norm(x)), or as in 2017 norm(x + f(x)).
  sublayer(norm, xs, compute) {
    if (this.config.norm === "pre") {
      const added = compute(xs.map((x) => this.norm(norm, x)));
      return xs.map((x, t) => add(x, added[t]));
    }
    const added = compute(xs);
    return xs.map((x, t) => this.norm(norm, add(x, added[t])));
  }
}

// Decoder only: it goes on with a text. The output's matrix is that of the tokens.
class LanguageModel extends Transformer {
  start() {
    const layers = Array.from({ length: this.config.num_layers }, nothingKept);
    return { length: 0, layers };
  }
  // Reads tokens, and scores what comes after each of them.
  read(ids, text) {
    const { weights } = this;
    let xs = ids.map((id) => Float64Array.from(
      add(weights["tokens.weight"][id], weights["positions.weight"][text.length++])));
    text.layers.forEach((kept, l) => {
      const layer = `decoder.layers.${l}`;
      const attention = (xs) => this.maskedAttention(`${layer}.attention`, xs, kept);
      xs = this.sublayer(`${layer}.norm1`, xs, attention);
      xs = this.sublayer(`${layer}.norm2`, xs, this.feedForward(layer));
    });
    return xs.map((x) => this.linear("tokens", this.norm("decoder.final_norm", x)));
  }
}

// Encoder and decoder: it reads a source, then writes.
class Translator extends Transformer {
  embed(name, ids, first = 0) {
    const size = this.config.d_model, matrix = this.weights[`${name}.weight`];
    return ids.map((id, t) =>
      sinusoid(first + t, size).map((p, i) => matrix[id][i] * Math.sqrt(size) + p));
  }
  // Reads the source; every layer of the decoder keeps its keys and values of it.
  start(ids) {
    const { num_encoder_layers, num_decoder_layers } = this.config;
    const encoder = Array.from({ length: num_encoder_layers }, nothingKept);
    let xs = this.embed("source_embedding", ids);
    encoder.forEach((kept, l) => {
      const layer = `encoder.layers.${l}`;
      const attention = (xs) => this.fullAttention(`${layer}.attention`, xs, kept);
      xs = this.sublayer(`${layer}.norm1`, xs, attention);
      xs = this.sublayer(`${layer}.norm2`, xs, this.feedForward(layer));
    });
    const layers = Array.from({ length: num_decoder_layers }, (_, l) => {
      const cross = nothingKept();
      xs.forEach((x) => this.keep(`decoder.layers.${l}.cross_attention`, x, cross));
      return { self: nothingKept(), cross };
    });
    return { length: 0, encoder, layers };
  }
  copy({ length, encoder, layers }) {
    const copied = ({ self, cross }) => ({ self: copyKept(self), cross: copyKept(cross) });
    return { length, encoder, layers: layers.map(copied) };
  }
  // Reads what is written, and scores what comes after each token of it.
  read(ids, text) {
    let xs = this.embed("target_embedding", ids, text.length);
    text.length += ids.length;
    text.layers.forEach(({ self, cross }, l) => {
      const layer = `decoder.layers.${l}`;
      const masked = (xs) => this.maskedAttention(`${layer}.self_attention`, xs, self);
      const look = (x) => this.attend(`${layer}.cross_attention`, x, cross);
      xs = this.sublayer(`${layer}.norm1`, xs, masked);
      xs = this.sublayer(`${layer}.norm2`, xs, (xs) => xs.map(look));
      xs = this.sublayer(`${layer}.norm3`, xs, this.feedForward(layer));
    });
    return xs.map((x) => this.linear("target_embedding", x));
  }
}
