/** "/" at the beginning of a message: the prompts of the library to choose from, above where it is written. */
import { type KeyboardEvent, type ReactNode, type RefObject, useEffect, useId, useState } from "react";
import type { Prompt } from "@/api/prompts";
import { Link } from "@/components/button";
import { useWords } from "@/i18n";
import { FillDialog } from "@/pages/prompts/fill-dialog";
import { matching, usePrompts, wantedPrompt } from "@/pages/prompts/library";
import "@/styles/prompts.css";

interface Picker {
  /** Stands above the area. */
  list: ReactNode;
  /** Has a form of its own, so it stands outside of the message's. */
  dialog: ReactNode;
  /** For the area: which list belongs to it, and what is chosen in it. */
  area: { "aria-autocomplete": "list"; "aria-controls"?: string; "aria-activedescendant"?: string };
  /** Whether the picker has used the key. */
  onKey(event: KeyboardEvent): boolean;
}

export function usePromptPicker(
  text: string,
  setText: (text: string) => void,
  area: RefObject<HTMLTextAreaElement | null>,
): Picker {
  const id = useId();
  const wanted = wantedPrompt(text);
  const [closed, setClosed] = useState(false);
  const [at, setAt] = useState(0);
  const [filling, setFilling] = useState<Prompt | null>(null);
  const { data } = usePrompts(wanted !== null);
  const found = wanted === null || closed || !data ? [] : matching(data, wanted);
  const current = Math.min(at, found.length - 1);
  useEffect(() => {
    if (wanted === null) setClosed(false);
    setAt(0);
  }, [wanted]);
  const insert = (inserted: string): void => {
    setFilling(null);
    setText(inserted);
    area.current?.focus();
  };
  const choose = (prompt: Prompt | undefined): void => {
    if (!prompt) return;
    if (prompt.variables.length > 0) setFilling(prompt);
    else insert(prompt.text);
  };
  const empty = wanted === "" && !closed && data?.length === 0;
  return {
    list: (
      <>
        {found.length > 0 && <PromptList id={id} prompts={found} current={current} onChoose={choose} />}
        {empty && <NoPrompts />}
      </>
    ),
    dialog: filling && <FillDialog prompt={filling} onFilled={insert} onClose={() => setFilling(null)} />,
    area: {
      "aria-autocomplete": "list",
      ...(found.length > 0 ? { "aria-controls": id, "aria-activedescendant": `${id}-${current}` } : {}),
    },
    onKey: (event) => {
      if (found.length === 0 || event.nativeEvent.isComposing) return false;
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) setAt((current + step + found.length) % found.length);
      else if ((event.key === "Enter" && !event.shiftKey) || event.key === "Tab") choose(found[current]);
      else if (event.key === "Escape") setClosed(true);
      else return false;
      event.preventDefault();
      return true;
    },
  };
}

interface ListProps {
  id: string;
  prompts: Prompt[];
  current: number;
  onChoose(prompt: Prompt): void;
}

function PromptList({ id, prompts, current, onChoose }: ListProps): ReactNode {
  const { t } = useWords();
  useEffect(() => {
    document.getElementById(`${id}-${current}`)?.scrollIntoView({ block: "nearest" });
  }, [id, current]);
  return (
    <>
      <div className="prompt-list" role="listbox" id={id} aria-label={t("prompts.title")}>
        {prompts.map((prompt, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the focus stays in the area, whose keys move and choose
          // biome-ignore lint/a11y/useFocusableInteractive: as above
          <div
            key={prompt.id}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === current}
            onPointerDown={(event) => event.preventDefault()}
            onClick={() => onChoose(prompt)}
          >
            <span>{prompt.title}</span>
            <span className="soft small">{prompt.text}</span>
          </div>
        ))}
      </div>
      <p className="unseen" role="status">
        {t("prompts.found", { count: prompts.length })}
      </p>
    </>
  );
}

function NoPrompts(): ReactNode {
  const { t } = useWords();
  return (
    <p className="prompt-list prompt-none small" role="status">
      {t("prompts.none")} <Link to="/account/prompts">{t("prompts.new")}</Link>
    </p>
  );
}
