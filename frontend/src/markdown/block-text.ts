/**
 * Markdown that arrives in pieces, cut into blocks that will not change any more and the one that still grows.
 *
 * Whoever shows it renders a closed block once, so the work for each piece does not depend on how much there is
 * already. A block ends where the next one is certain to begin: at a blank line that is not inside a fence, a formula
 * or a list item, and before a heading, a fence or a numbered item of a long list.
 */

const GROUP_BLOCKS = 24;
const GROUP_CHARACTERS = 4000;
const LONG_BLOCK = 3000;
const FENCE = /^\s*(`{3,}|~{3,})/;
const HEADING = /^#{1,6}\s/;
const INDENTED = /^(\s{2,}|\t)/;
const ITEM = /^\s{0,1}([-*+]|(\d{1,9})[.)])\s/;
const FIRST_ITEM = /^\s{0,1}1[.)]\s/;

/** Blocks that stay together. A full group is the same array for ever, which is what memoised components look at. */
export type Group = readonly string[];

export class BlockText {
  private full: Group[] = [];
  private last: Group = [];
  /** Characters of the last group. */
  private size = 0;
  private open = "";
  private line = "";
  private fence: string | null = null;
  private formula = false;
  private blank = false;
  length = 0;

  /** Groups of closed blocks; the array is another one after each change. */
  groups: readonly Group[] = [];

  /** The block that still grows; empty where there is none. */
  get tail(): string {
    return this.open + this.line;
  }

  append(piece: string): void {
    this.length += piece.length;
    let from = 0;
    for (let end = piece.indexOf("\n"); end >= 0; end = piece.indexOf("\n", from)) {
      const line = this.line + piece.slice(from, end + 1);
      this.line = "";
      this.take(line);
      from = end + 1;
    }
    this.line += piece.slice(from);
  }

  /** Nothing follows: the last block is closed too. */
  finish(): void {
    if (this.line) this.take(this.line);
    this.line = "";
    this.close();
  }

  /** The whole text. */
  toString(): string {
    return [...this.full, this.last].flat().join("") + this.tail;
  }

  private take(line: string): void {
    if (this.fence !== null) this.insideFence(line);
    else if (this.formula) this.insideFormula(line);
    else this.outside(line);
  }

  private insideFence(line: string): void {
    this.open += line;
    const closing = line.trim();
    const marker = this.fence ?? "";
    if (closing.length < marker.length || closing.replaceAll(marker.charAt(0), "") !== "") return;
    this.fence = null;
    if (!INDENTED.test(line) && !this.inList()) this.close();
  }

  private insideFormula(line: string): void {
    this.open += line;
    if (line.includes("$$")) this.formula = false;
  }

  private outside(line: string): void {
    if (line.trim() === "") {
      this.open += line;
      this.blank = this.open.trim() !== "";
      return;
    }
    if (this.beginsBlock(line)) this.close();
    this.blank = false;
    this.open += line;
    this.fence = FENCE.exec(line)?.[1] ?? null;
    this.formula = this.fence === null && line.split("$$").length % 2 === 0;
  }

  private beginsBlock(line: string): boolean {
    const item = ITEM.test(line);
    if (this.inList()) {
      if (item) return !FIRST_ITEM.test(line) && (this.blank || this.open.length > LONG_BLOCK);
      return (this.blank || HEADING.test(line)) && !INDENTED.test(line);
    }
    return this.blank ? !INDENTED.test(line) : HEADING.test(line) || (FENCE.test(line) && !INDENTED.test(line));
  }

  private inList(): boolean {
    return ITEM.test(this.open);
  }

  private close(): void {
    this.blank = false;
    if (this.open.trim() === "") return;
    this.last = [...this.last, this.open];
    this.size += this.open.length;
    this.open = "";
    this.groups = [...this.full, this.last];
    if (this.last.length < GROUP_BLOCKS && this.size < GROUP_CHARACTERS) return;
    this.full = [...this.full, this.last];
    this.last = [];
    this.size = 0;
  }
}

/** Whether a block begins with an item of a list. */
export function isListItem(block: string): boolean {
  return ITEM.test(block);
}

/** The blocks of a whole text. */
export function groupsOf(text: string): readonly Group[] {
  const blocks = new BlockText();
  blocks.append(text);
  blocks.finish();
  return blocks.groups;
}
