/**
 * Tokens as React elements. This is the sanitiser: there is no way from here to markup, because text becomes text
 * nodes, HTML in Markdown is shown as it was written, links go to few schemes, and pictures of other hosts are links.
 */
import type { MarkedToken, Token, Tokens } from "marked";
import type { ReactNode } from "react";
import { CodeBlock } from "@/markdown/code-block";
import { Formula } from "@/markdown/formula";
import type { FormulaToken } from "@/markdown/lexer";

const LINKS = new Set(["http:", "https:", "mailto:"]);
const PICTURE = /^data:image\/(png|jpeg|gif|webp);base64,[a-z0-9+/=]+$/i;
const REFERENCE = /&(#\d{1,7}|#x[\da-f]{1,6}|[a-z][a-z\d]{1,31});/gi;

/** live: the text still grows, so nothing heavy is done with it yet. */
export function Elements({ tokens, live = false }: { tokens: readonly Token[]; live?: boolean }): ReactNode {
  return tokens.map((token, index) => <Element key={index} token={token} live={live} />);
}

function Element({ token, live }: { token: Token; live: boolean }): ReactNode {
  const known = token as MarkedToken;
  const inner = (): ReactNode => <Elements tokens={(token as { tokens?: Token[] }).tokens ?? []} live={live} />;
  switch (known.type) {
    case "space":
    case "def":
      return null;
    case "text":
      return known.tokens ? inner() : decoded(known.text);
    case "escape":
      return known.text;
    case "html":
      return /^<br\s*\/?>\s*$/i.test(known.text) ? <br /> : known.text;
    case "paragraph":
      return <p>{inner()}</p>;
    case "strong":
      return <strong>{inner()}</strong>;
    case "em":
      return <em>{inner()}</em>;
    case "del":
      return <del>{inner()}</del>;
    case "codespan":
      return <code>{known.text}</code>;
    case "br":
      return <br />;
    case "hr":
      return <hr />;
    case "blockquote":
      return <blockquote>{inner()}</blockquote>;
    case "heading":
      return <Heading depth={known.depth}>{inner()}</Heading>;
    case "code":
      return <CodeBlock code={known.text} language={known.lang?.split(/\s/)[0] ?? ""} live={live} />;
    case "link":
      return <SafeLink address={known.href}>{inner()}</SafeLink>;
    case "image":
      return <Picture address={known.href} text={known.text} />;
    case "list":
      return <List list={known} live={live} />;
    case "checkbox":
      return <input type="checkbox" checked={known.checked} readOnly disabled aria-hidden />;
    case "table":
      return <Table table={known} />;
    default:
      return other(token);
  }
}

function other(token: Token): ReactNode {
  if (token.type !== "formula") return token.raw;
  const { text, display, raw } = token as FormulaToken;
  return <Formula source={text} display={display} raw={raw} />;
}

/** Character references as the characters that they stand for. */
function decoded(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(REFERENCE, (reference) => {
    // A document of its own, without scripts; only its text is used.
    return new DOMParser().parseFromString(reference, "text/html").documentElement.textContent ?? reference;
  });
}

/** Answers live below the page's own headings. */
function Heading({ depth, children }: { depth: number; children: ReactNode }): ReactNode {
  if (depth <= 1) return <h3 className="depth-1">{children}</h3>;
  if (depth === 2) return <h3>{children}</h3>;
  if (depth === 3) return <h4>{children}</h4>;
  return <h5>{children}</h5>;
}

/** The address where it may be gone to, else null. */
export function safeAddress(address: string): string | null {
  try {
    const url = new URL(decoded(address));
    return LINKS.has(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

function SafeLink({ address, children }: { address: string; children: ReactNode }): ReactNode {
  const safe = safeAddress(address);
  if (!safe) return <span>{children}</span>;
  return (
    <a href={safe} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  );
}

function Picture({ address, text }: { address: string; text: string }): ReactNode {
  if (PICTURE.test(address)) return <img src={address} alt={text} />;
  return <SafeLink address={address}>{text || address}</SafeLink>;
}

function List({ list, live }: { list: Tokens.List; live: boolean }): ReactNode {
  const items = list.items.map((item, index) => (
    <li key={index} className={item.task ? "task" : undefined}>
      <Elements tokens={item.tokens} live={live} />
    </li>
  ));
  return list.ordered ? <ol start={list.start || 1}>{items}</ol> : <ul>{items}</ul>;
}

function Table({ table }: { table: Tokens.Table }): ReactNode {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table is scrolled with the keyboard too
    <div className="table" tabIndex={0}>
      <table>
        <thead>
          <tr>{table.header.map((cell, index) => cellOf(cell, index))}</tr>
        </thead>
        <tbody>
          {table.rows.map((row, index) => (
            <tr key={index}>{row.map((cell, column) => cellOf(cell, column))}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function cellOf(cell: Tokens.TableCell, column: number): ReactNode {
  const Tag = cell.header ? "th" : "td";
  return (
    <Tag key={column} className={cell.align ? `align-${cell.align}` : undefined}>
      <Elements tokens={cell.tokens} />
    </Tag>
  );
}
