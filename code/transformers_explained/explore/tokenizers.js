// Three ways to cut a text into tokens, the same as the package's Python, character by
// character: WordPiece (wordpiece.py), byte-level BPE (bpe.py), Unigram (unigram.py).
// Each function reads an unpacked table (vocabulary_scripts.py) and returns a function from a
// text to a list of pieces.
const UTF_8 = new TextDecoder("utf-8", { ignoreBOM: true });
const readText = (bytes) => UTF_8.decode(bytes);

// ------------------------------------------------------------------------ WordPiece
const PUNCTUATION = /[!-/:-@[-`{-~]|\p{P}/u;
const CHINESE = /[\u4e00-\u9fff\u3400-\u4dbf\uf900-\ufaff\u{20000}-\u{2a6df}\u{2a700}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/u;

function bertWords(text) {
  let words = "";
  for (const c of text) {
    if (/[\t\n\r\p{Z}]/u.test(c)) words += " ";
    else if (c === "\ufffd" || /[\p{Cc}\p{Cf}\p{Co}]/u.test(c)) continue;
    else words += CHINESE.test(c) ? ` ${c} ` : c;
  }
  words = words.normalize("NFD").replace(/\p{Mn}/gu, "");
  words = Array.from(words, (c) => c.toLowerCase()).join("");
  words = Array.from(words, (c) => (PUNCTUATION.test(c) ? ` ${c} ` : c)).join("");
  return words.split(/\s+/).filter((word) => word);
}

function wordPiece(bytes) {
  const known = new Set(readText(bytes).split("\n"));
  const cutWord = (word) => {
    const letters = Array.from(word), pieces = [];
    if (letters.length > 100) return ["[UNK]"];
    for (let start = 0; start < letters.length;) {
      let end = letters.length, piece;
      do {
        piece = (start ? "##" : "") + letters.slice(start, end).join("");
      } while (!known.has(piece) && --end > start);
      if (end === start) return ["[UNK]"];
      pieces.push(piece);
      start = end;
    }
    return pieces;
  };
  // Split keeps what the group matches: text and special tokens in turn.
  return (text) => text.split(/(\[(?:PAD|UNK|CLS|SEP|MASK)\])/).flatMap((part, i) =>
    i % 2 ? [part] : bertWords(part).flatMap(cutWord));
}

// ------------------------------------------------------------------- byte-level BPE
function byteBpe(bytes) {
  const [special, , ...merges] = readText(bytes).split("\n");
  const names = special.split(" ").map((name) => name.replace(/[|]/g, "\\|"));
  const marks = new RegExp(`(${names.join("|")})`);
  const cutWord = cutByPairs(merges);
  return (text) => text.split(marks).flatMap((part, i) => i % 2 ? [part]
    : part.split(/(\p{N})/u).flatMap((piece) => piece.match(WORDS) ?? []).flatMap(cutWord));
}

// -------------------------------------------------------------------------- Unigram
function unigramTable(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset), parts = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 4 + view.getUint32(at, true);
    parts.push(bytes.subarray(at + 4, end));
    at = end;
  }
  const [shared, rest, planes, replaced] = parts, count = shared.length;
  const score = new DataView(new ArrayBuffer(4)), scores = new Map();
  let piece = "";
  readText(rest).split("\n").forEach((end, i) => {
    piece = piece.slice(0, shared[i]) + end;
    for (let k = 0; k < 4; k++) score.setUint8(k, planes[k * count + i]);
    scores.set(piece, score.getFloat32(0, true));
  });
  const texts = readText(replaced).split("\0"), replacement = new Map();
  for (let i = 0; i < texts.length; i += 2) replacement.set(texts[i], texts[i + 1]);
  return { scores, replacement };
}

function unigram(bytes) {
  const { scores, replacement } = unigramTable(bytes);
  let longest = 0, worst = 0;
  for (const [piece, score] of scores) {
    longest = Math.max(longest, piece.length);
    worst = Math.min(worst, score);
  }
  const cutWord = (word) => {
    const letters = Array.from(word);
    const best = [0, ...letters.map(() => -Infinity)], last = [];
    for (let end = 1; end <= letters.length; end++) {
      for (let start = Math.max(0, end - longest); start < end; start++) {
        const piece = letters.slice(start, end).join("");
        let score = scores.get(piece);
        if (score === undefined) {
          if (end - start > 1) continue;
          score = worst - 10; // an unknown character
        }
        if (best[start] + score > best[end]) {
          best[end] = best[start] + score;
          last[end] = start;
        }
      }
    }
    const pieces = [];
    for (let end = letters.length; end > 0; end = last[end]) {
      pieces.unshift(letters.slice(last[end], end).join(""));
    }
    return pieces.reduce((joined, piece, i) => {
      const unknown = !scores.has(piece);
      if (unknown && i && !scores.has(pieces[i - 1])) joined[joined.length - 1] += piece;
      else joined.push(piece);
      return joined;
    }, []);
  };
  return (text) => Array.from(text, (c) => replacement.get(c) ?? c).join("")
    .normalize("NFC").split(" ").filter((word) => word)
    .flatMap((word) => cutWord("\u2581" + word));
}
const TOKENIZERS = { minilm: wordPiece, smollm2: byteBpe, e5: unigram };
