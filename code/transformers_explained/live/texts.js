// Texts to ids and back: numbers in words (`tasks.translation`), and byte-pair encoding
// (`tokenization.bpe`). byte_pairs.js cuts the words.
const wordsOf = (text) => text.toLowerCase().match(/[^\s,-]+-?/g) ?? [];
const joinWords = (tokens) => tokens.join(" ").replaceAll("- ", "-");

class Vocabulary {
  constructor(tokens) {
    this.tokens = tokens;
    this.ids = new Map(tokens.map((token, id) => [token, id]));
  }
}
class BytePairs extends Vocabulary {
  constructor({ vocabulary, merges, special }) {
    super(vocabulary);
    this.cut = cutByPairs(merges);
    this.bytes = new Map(signsOfBytes().map((sign, byte) => [sign, byte]));
    this.special = new Set(special);
  }
  encode(text) {
    return (text.match(WORDS) ?? []).flatMap(this.cut).map((token) => this.ids.get(token));
  }
  decode(ids) {
    const signs = ids.map((id) => this.tokens[id]).filter((token) => !this.special.has(token)).join("");
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(signs, (sign) => this.bytes.get(sign)));
  }
}
