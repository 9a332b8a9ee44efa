import { memo, type ReactNode, useMemo } from "react";
import { type Group, groupsOf } from "@/markdown/block-text";
import { Elements } from "@/markdown/elements";
import { GrowingCode, openCode } from "@/markdown/growing-code";
import { tokensOf } from "@/markdown/lexer";
import "@/styles/markdown.css";

const Block = memo(function Block({ text }: { text: string }): ReactNode {
  return <Elements tokens={tokensOf(text)} />;
});

const BlockGroup = memo(function BlockGroup({ blocks }: { blocks: Group }): ReactNode {
  return blocks.map((block, index) => <Block key={index} text={block} />);
});

/** A whole text. */
export function Markdown({ text }: { text: string }): ReactNode {
  const groups = useMemo(() => groupsOf(text), [text]);
  return <MarkdownBlocks groups={groups} tail="" />;
}

/** A text that arrives: closed groups are rendered once, only the tail each time. */
export function MarkdownBlocks({ groups, tail }: { groups: readonly Group[]; tail: string }): ReactNode {
  return (
    <div className="markdown">
      {groups.map((group, index) => (
        <BlockGroup key={index} blocks={group} />
      ))}
      {tail && <Tail text={tail} />}
    </div>
  );
}

function Tail({ text }: { text: string }): ReactNode {
  const code = openCode(text);
  return code ? <GrowingCode {...code} /> : <Elements tokens={tokensOf(text)} live />;
}
