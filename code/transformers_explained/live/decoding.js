// From scores to a text: temperature, top-k, top-p, a draw, and beam search.

// The distribution that is drawn from: 0 where a token is left out.
function chancesOf(scores, { temperature = 1, topK = scores.length, topP = 1 } = {}) {
  const order = Array.from(scores, (_, i) => i).sort((i, j) => scores[j] - scores[i]);
  const kept = order.slice(0, topK), shares = softmax(kept.map((i) => scores[i] / temperature));
  const chances = new Float64Array(scores.length);
  let before = 0, sum = 0;
  kept.forEach((i, rank) => {
    if (before < topP || !rank) sum += chances[i] = shares[rank];
    before += shares[rank];
  });
  return chances.map((chance) => chance / sum);
}

function drawFrom(chances, random = Math.random()) {
  let left = random, last = 0;
  for (let i = 0; i < chances.length; i++) {
    if (!chances[i]) continue;
    left -= chances[i];
    last = i;
    if (left < 0) break;
  }
  return last;
}

// Keeps the `size` likeliest beginnings; one that ends leaves a place less. See
// `decoding.beam_search`.
function beamSearch(model, source, { size, startId, endId, most, penalty = 0.6 }) {
  let alive = [{ ids: [], logP: 0, text: model.start(source) }];
  const done = [];
  for (let length = 1; length <= most && alive.length; length++) {
    const candidates = alive.flatMap((beginning) => {
      const [scores] = model.read([beginning.ids.at(-1) ?? startId], beginning.text);
      const highest = Math.max(...scores);
      const sum = scores.reduce((total, score) => total + Math.exp(score - highest), 0);
      return Array.from(scores, (score, id) =>
        ({ beginning, id, logP: beginning.logP + score - highest - Math.log(sum) }));
    });
    candidates.sort((a, b) => b.logP - a.logP);
    alive = [];
    for (const { beginning, id, logP } of candidates.slice(0, size - done.length)) {
      const ids = [...beginning.ids, id];
      if (id === endId || length === most) done.push({ ids, logP, score: logP / ((5 + length) / 6) ** penalty });
      else alive.push({ ids, logP, text: model.copy(beginning.text) });
    }
  }
  return done.sort((a, b) => b.score - a.score);
}
