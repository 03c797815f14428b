const SPACE = 0;
const DIGIT = 1;
const LETTER = 2;
const PUNCTUATION = 3;
const OTHER = 4;

/** How many characters of a kind one token usually holds; a word of both letters and digits (an id) merges less. */
const PER_TOKEN = [Number.POSITIVE_INFINITY, 3, 5, 3, 1];
const IN_ID = 2;

function kindOf(code: number): number {
  if (code > 126) return OTHER;
  if (code >= 48 && code <= 57) return DIGIT;
  const lower = code | 32;
  if (lower >= 97 && lower <= 122) return LETTER;
  return code === 32 ? SPACE : PUNCTUATION;
}

/**
 * How many o200k tokens a text takes, estimated from above without a tokenizer (the real one is 2 MB of tables).
 * `test/unit/server/tokens.test.ts` holds it to 1.0 to 1.8 times the real count on texts like our replies.
 */
export function estimateTokens(text: string): number {
  let tokens = 0;
  let room = 0;
  let kind = SPACE;
  let inId = false;
  for (let index = 0; index < text.length; index++) {
    const next = kindOf(text.charCodeAt(index));
    if (next !== kind) {
      inId = (next === LETTER && (kind === DIGIT || inId)) || (next === DIGIT && (kind === LETTER || inId));
      room = 0;
      // A space joins the word after it, but not the number.
      if (next === DIGIT && kind === SPACE && index > 0) tokens++;
      kind = next;
    }
    if (next === SPACE) continue;
    if (room <= 0) {
      tokens++;
      room = inId ? IN_ID : (PER_TOKEN[next] ?? 1);
    }
    room--;
  }
  // Ids of random letters merge a little less still.
  return Math.ceil(tokens * 1.04);
}
