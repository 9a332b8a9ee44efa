import { type ReactNode, useState } from "react";
import type { Message } from "@/api/chat";
import type { Step } from "@/chat/branches";
import { Button, IconButton } from "@/components/button";
import { CopyButton } from "@/components/copy-button";
import { useWords } from "@/i18n";
import { BranchSwitch } from "@/pages/chat/branch-switch";

interface Props {
  text: string;
  /** null: it is on its way. */
  step: Step | null;
  busy: boolean;
  onEdit(question: Message, text: string): void;
  onSelect(messageId: string): void;
}

/** What the user said, as it was written: Markdown is for answers. */
export function Question({ text, step, busy, onEdit, onSelect }: Props): ReactNode {
  const { t } = useWords();
  const [editing, setEditing] = useState(false);
  if (editing && step) {
    return (
      <EditForm
        text={text}
        onCancel={() => setEditing(false)}
        onSave={(changed) => {
          setEditing(false);
          onEdit(step.message, changed);
        }}
      />
    );
  }
  return (
    <article className="question" aria-label={t("chat.you")}>
      <div className="bubble">{text}</div>
      <div className="message-tools">
        {step && <BranchSwitch step={step} onSelect={onSelect} />}
        <CopyButton text={text} label={t("chat.copy")} />
        {step && <IconButton icon="edit" label={t("chat.edit")} disabled={busy} onClick={() => setEditing(true)} />}
      </div>
    </article>
  );
}

interface EditProps {
  text: string;
  onCancel(): void;
  onSave(text: string): void;
}

function EditForm({ text, onCancel, onSave }: EditProps): ReactNode {
  const { t } = useWords();
  const [changed, setChanged] = useState(text);
  return (
    <form
      className="question editing"
      onSubmit={(event) => {
        event.preventDefault();
        if (changed.trim()) onSave(changed.trim());
      }}
    >
      <textarea
        className="input"
        aria-label={t("chat.edit")}
        value={changed}
        rows={Math.min(12, changed.split("\n").length + 1)}
        // biome-ignore lint/a11y/noAutofocus: the user asked to edit it
        autoFocus
        onChange={(event) => setChanged(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") onCancel();
          if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) event.currentTarget.form?.requestSubmit();
        }}
      />
      <div className="row end">
        <Button onClick={onCancel}>{t("common.cancel")}</Button>
        <Button kind="primary" type="submit">
          {t("chat.edit.save")}
        </Button>
      </div>
    </form>
  );
}
