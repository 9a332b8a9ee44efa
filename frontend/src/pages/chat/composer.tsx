import { type KeyboardEvent, type ReactNode, useEffect, useLayoutEffect, useRef, useState } from "react";
import { useQuote } from "@/chat/quote";
import { lastingTarget, membersOf, modeOf, type Target, useAgents } from "@/chat/target";
import { IconButton } from "@/components/button";
import { Icon } from "@/components/icon";
import { Menu, type MenuEntry } from "@/components/menu";
import { useWords } from "@/i18n";
import { useAgentName } from "@/pages/chat/agents";
import { QuoteLine } from "@/pages/chat/quote-line";
import { wantedPrompt } from "@/pages/prompts/library";
import { usePromptPicker } from "@/pages/prompts/prompt-picker";
import { useUser } from "@/session/context";

const LONGEST = 32_000;

interface ComposerProps {
  conversationId: string | null;
  target: Target;
  onTarget(target: Target): void;
  /** A small model's answer is checked, and the large model asked where it is doubted. */
  checked: boolean;
  onChecked(checked: boolean): void;
  onAsk(text: string): void;
  /** An answer is under way here: the button stops it. */
  running: boolean;
  stopping: boolean;
  onStop(): void;
}

/** Where messages are written. What was begun stays with its conversation until it is sent. */
export function Composer(props: ComposerProps): ReactNode {
  const { conversationId, target, checked, running, stopping, onTarget, onChecked, onAsk, onStop } = props;
  const { t } = useWords();
  const [text, setText] = useDraft(conversationId);
  const area = useGrowingArea(text);
  const picker = usePromptPicker(text, setText, area);
  const quote = useQuote(wantedPrompt(text) === null ? text : "", target, checked, conversationId);
  const ready = text.trim() !== "" && !running;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another conversation was opened
  useEffect(() => {
    if (matchMedia("(pointer: fine)").matches) area.current?.focus();
  }, [conversationId]);
  const send = (): void => {
    if (!ready) return;
    onAsk(text.trim());
    setText("");
    onTarget(lastingTarget(target));
  };
  return (
    <>
      <form
        className="composer"
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <div className="composer-box">
          {picker.list}
          <textarea
            ref={area}
            className="composer-area"
            value={text}
            rows={1}
            maxLength={LONGEST}
            aria-label={t("chat.message")}
            placeholder={t("chat.placeholder")}
            onChange={(event) => setText(event.target.value)}
            {...picker.area}
            onKeyDown={(event) => picker.onKey(event) || onKey(event, send)}
          />
          <div className="composer-tools">
            <TargetMenu target={target} onTarget={onTarget} />
            {modeOf(target) === "single" && (
              <IconButton
                icon="check"
                label={t("chat.checked")}
                aria-pressed={checked}
                onClick={() => onChecked(!checked)}
              />
            )}
            {checked && modeOf(target) === "single" && <span className="soft small">{t("chat.checked.on")}</span>}
            <span className="grow" />
            {text === "" && (
              <IconButton
                icon="prompt"
                label={t("prompts.choose")}
                onClick={() => {
                  setText("/");
                  area.current?.focus();
                }}
              />
            )}
            {running ? (
              <IconButton
                className="send"
                icon="stop"
                label={t(stopping ? "chat.stopping" : "chat.stop")}
                disabled={stopping}
                onClick={onStop}
              />
            ) : (
              <IconButton className="send" type="submit" icon="arrowUp" label={t("chat.send")} disabled={!ready} />
            )}
          </div>
        </div>
        <QuoteLine quote={quote} target={target} onTarget={onTarget} />
      </form>
      {picker.dialog}
    </>
  );
}

/** Enter sends where there is a keyboard; with Shift, or while a word is being composed, it does not. */
function onKey(event: KeyboardEvent, send: () => void): void {
  const plain = event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing;
  if (!plain || matchMedia("(pointer: coarse)").matches) return;
  event.preventDefault();
  send();
}

function TargetMenu({ target, onTarget }: { target: Target; onTarget(target: Target): void }): ReactNode {
  const { t } = useWords();
  const agents = useAgents();
  const nameOf = useAgentName();
  const entry = (id: Target, label: string, hint: string): MenuEntry => ({
    label,
    hint,
    checked: target === id,
    onSelect: () => onTarget(id),
  });
  const entries = [
    entry("auto", t("target.auto"), t("target.auto.text")),
    entry("quick", t("target.quick"), t("target.quick.text")),
    entry("team", t("target.team"), t("target.team.text")),
    ...agents.map((agent, index) => ({ ...entry(agent.id, agent.name, agent.role), separated: index === 0 })),
  ];
  const known: Record<string, string> = {
    auto: t("target.auto"),
    quick: t("target.quick"),
    team: t("target.team"),
  };
  return (
    <Menu
      label={t("target.label")}
      entries={entries}
      button={(menu) => (
        <button type="button" className="target" {...menu}>
          <span className="unseen">{t("target.label")}: </span>
          {known[target] ?? (membersOf(target) ?? [target]).map(nameOf).join(", ")}
          <Icon name="chevronDown" />
        </button>
      )}
    />
  );
}

/** By user and conversation: what one account has begun to write is not for the next one. */
const drafts = new Map<string, string>();

function useDraft(conversationId: string | null): [string, (text: string) => void] {
  const key = `${useUser().id} ${conversationId ?? ""}`;
  const [draft, setDraft] = useState({ key, text: drafts.get(key) ?? "" });
  if (draft.key !== key) setDraft({ key, text: drafts.get(key) ?? "" });
  return [
    draft.key === key ? draft.text : "",
    (text) => {
      drafts.set(key, text);
      setDraft({ key, text });
    },
  ];
}

/** An area as high as its text; the style sheet says how high at most. */
function useGrowingArea(text: string) {
  const area = useRef<HTMLTextAreaElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the text is what the height depends on
  useLayoutEffect(() => {
    if (!area.current) return;
    area.current.style.height = "auto";
    area.current.style.height = `${area.current.scrollHeight}px`;
  }, [text]);
  return area;
}
