/** Where several answers differ: the statements of each that no other one makes, judged by their words. */

export interface Differences {
  agent: string;
  /** Statements that no other answer has, in their order. */
  own: string[];
  /** Share of its statements that others make too, 0 to 1. */
  shared: number;
}

const SHORTEST_STATEMENT = 4;
const SAME = 0.5;
const MOST = 6;
const FENCES = /(`{3,}|~{3,})[\s\S]*?(\1|$)/g;
const MARKUP = /^\s*(?:[-*+>#|]+|\d+[.)])\s*|[*_`#|]+/g;

export function differences(answers: readonly { agent: string; text: string }[]): Differences[] {
  const all = answers.map(({ agent, text }) => ({ agent, statements: statementsOf(text) }));
  return all.map(({ agent, statements }) => {
    const others = all.filter((other) => other.agent !== agent).flatMap((other) => other.statements);
    const own = statements.filter((statement) => !others.some((other) => similar(statement.words, other.words)));
    const shared = statements.length ? 1 - own.length / statements.length : 0;
    return { agent, own: own.slice(0, MOST).map((statement) => statement.text), shared };
  });
}

interface Statement {
  text: string;
  words: ReadonlySet<string>;
}

/** Sentences and items, without markup and without code. */
function statementsOf(markdown: string): Statement[] {
  return markdown
    .replace(FENCES, "\n")
    .split(/\n+|(?<=[.!?])\s+(?=\p{Lu})/u)
    .map((part) => part.replace(MARKUP, "").trim())
    .map((text) => ({ text, words: new Set(wordsOf(text)) }))
    .filter((statement) => statement.words.size >= SHORTEST_STATEMENT);
}

/** Longer words by their beginning, so that endings do not matter. */
function wordsOf(text: string): string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]{4,}/gu) ?? [];
  return words.map((word) => word.slice(0, 6));
}

function similar(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  let common = 0;
  for (const word of one) if (other.has(word)) common += 1;
  return common / Math.min(one.size, other.size) >= SAME;
}
