/** Markdown (GFM) with formulas as tokens. Nothing here makes HTML. */
import { Marked, type Token, type TokenizerExtension, type Tokens } from "marked";

export interface FormulaToken extends Tokens.Generic {
  type: "formula";
  text: string;
  display: boolean;
}

const BLOCK = /^ {0,3}(?:\$\$([\s\S]+?)\$\$|\\\[([\s\S]+?)\\\])[ \t]*(?:\n|$)/;
const DISPLAY = /^(?:\$\$([^\n]+?)\$\$|\\\[([^\n]+?)\\\])/;
const ROUND = /^\\\(([^\n]+?)\\\)/;
// A dollar amount is no formula: no space inside the signs, no digit after them.
const DOLLAR = /^\$((?:[^$\\\n\s]|\\[^\n])(?:(?:[^$\\\n]|\\[^\n])*(?:[^$\\\n\s]|\\[^\n]))?)\$(?!\d)/;

function formula(raw: string, text: string, display: boolean): FormulaToken {
  return { type: "formula", raw, text: text.trim(), display };
}

function first(source: string, ...signs: string[]): number | undefined {
  const found = signs.map((sign) => source.indexOf(sign)).filter((index) => index >= 0);
  return found.length ? Math.min(...found) : undefined;
}

const blockFormula: TokenizerExtension = {
  name: "formula",
  level: "block",
  start: (source) => first(source, "$$", "\\["),
  tokenizer: (source) => {
    const found = BLOCK.exec(source);
    return found ? formula(found[0], found[1] ?? found[2] ?? "", true) : undefined;
  },
};

const inlineFormula: TokenizerExtension = {
  name: "inlineFormula",
  level: "inline",
  start: (source) => first(source, "$", "\\(", "\\["),
  tokenizer: (source) => {
    const display = DISPLAY.exec(source);
    if (display) return formula(display[0], display[1] ?? display[2] ?? "", true);
    const inline = ROUND.exec(source) ?? DOLLAR.exec(source);
    return inline ? formula(inline[0], inline[1] ?? "", false) : undefined;
  },
};

const marked = new Marked({ gfm: true, extensions: [blockFormula, inlineFormula] });

export function tokensOf(markdown: string): Token[] {
  return marked.lexer(markdown);
}
