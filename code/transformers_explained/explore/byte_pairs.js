// Byte-level BPE, the same as the package's Python (bpe.py): the first cut of a text, and
// the merges of a word.
const SPACE = "\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const WORDS = new RegExp(
  "'(?:s|t|re|ve|m|ll|d)| ?\\p{L}+| ?\\p{N}+" +
  `| ?[^${SPACE}\\p{L}\\p{N}]+|[${SPACE}]+(?![^${SPACE}])|[${SPACE}]+`, "gu");

function signsOfBytes() {
  const signs = [];
  let hidden = 0;
  for (let byte = 0; byte < 256; byte++) {
    const visible = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
    signs.push(String.fromCharCode(visible ? byte : 0x100 + hidden++));
  }
  return signs;
}

// Ranks of merges, "a b" each -> a function from a word to its tokens.
function cutByPairs(merges) {
  const ranks = new Map(merges.map((pair, rank) => [pair, rank]));
  const signs = signsOfBytes();
  return (word) => {
    let symbols = Array.from(new TextEncoder().encode(word), (byte) => signs[byte]);
    while (symbols.length > 1) {
      const pairs = symbols.slice(1).map((next, i) => `${symbols[i]} ${next}`);
      const rank = Math.min(...pairs.map((pair) => ranks.get(pair) ?? Infinity));
      if (rank === Infinity) break;
      const merged = [];
      for (let i = 0; i < symbols.length; i++) {
        if (ranks.get(pairs[i]) === rank) merged.push(symbols[i] + symbols[++i]);
        else merged.push(symbols[i]);
      }
      symbols = merged;
    }
    return symbols;
  };
}
