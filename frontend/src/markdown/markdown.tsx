import { memo, type ReactNode, useMemo } from "react";
import { type Group, groupsOf, isListItem } from "@/markdown/block-text";
import { Elements } from "@/markdown/elements";
import { GrowingCode, openCode } from "@/markdown/growing-code";
import { tokensOf } from "@/markdown/lexer";
import "@/styles/markdown.css";

const Block = memo(function Block({ text }: { text: string }): ReactNode {
  return <Elements tokens={tokensOf(text)} />;
});

/** Groups at the end that are drawn always: the browser then knows how high they are when they are settled. */
const NEAR = 2;

interface GroupProps {
  blocks: Group;
  /** It goes on with the list that the group before it ends with. */
  joined: boolean;
  /** More will come, but not here: out of sight it need not be drawn. */
  settled: boolean;
}

/** An element of its own: what arrives in one group has the browser look at no other group's styles. */
const BlockGroup = memo(function BlockGroup({ blocks, joined, settled }: GroupProps): ReactNode {
  return (
    <div className={classOf(joined, settled)}>
      {blocks.map((block, index) => (
        <Block key={index} text={block} />
      ))}
    </div>
  );
});

function classOf(joined: boolean, settled = false): string {
  return ["blocks", joined && "joined", settled && "settled"].filter(Boolean).join(" ");
}

/** A whole text. */
export function Markdown({ text }: { text: string }): ReactNode {
  const groups = useMemo(() => groupsOf(text), [text]);
  return <MarkdownBlocks groups={groups} tail="" />;
}

interface BlocksProps {
  groups: readonly Group[];
  tail: string;
  /** The text still arrives. */
  growing?: boolean;
}

/** A text that arrives: closed groups are rendered once, only the tail each time. */
export function MarkdownBlocks({ groups, tail, growing = false }: BlocksProps): ReactNode {
  return (
    <div className={growing ? "markdown growing" : "markdown"}>
      {groups.map((group, index) => (
        <BlockGroup
          key={index}
          blocks={group}
          joined={goesOn(groups[index - 1], group[0])}
          settled={growing && index < groups.length - NEAR}
        />
      ))}
      {tail && (
        <div className={classOf(goesOn(groups.at(-1), tail))}>
          <Tail text={tail} />
        </div>
      )}
    </div>
  );
}

/** Whether the list at the end of a group goes on with the next block. */
function goesOn(before: Group | undefined, next = ""): boolean {
  return isListItem(next) && isListItem(before?.at(-1) ?? "");
}

function Tail({ text }: { text: string }): ReactNode {
  const code = openCode(text);
  return code ? <GrowingCode {...code} /> : <Elements tokens={tokensOf(text)} live />;
}
