import type { ReactNode } from "react";
import type { Step } from "@/chat/branches";
import { IconButton } from "@/components/button";
import { useWords } from "@/i18n";

/** Goes through the versions of a message; nothing where there is but one. */
export function BranchSwitch({ step, onSelect }: { step: Step; onSelect(messageId: string): void }): ReactNode {
  const { t } = useWords();
  const { message, siblings } = step;
  if (siblings.length < 2) return null;
  const at = siblings.findIndex((sibling) => sibling.id === message.id);
  const go = (to: number) => () => {
    const sibling = siblings[to];
    if (sibling) onSelect(sibling.id);
  };
  return (
    <span className="branch">
      <IconButton icon="chevronLeft" label={t("chat.branch.previous")} disabled={at === 0} onClick={go(at - 1)} />
      <span className="small">
        <span className="unseen">{t("chat.branch", { number: at + 1, count: siblings.length })}</span>
        <span aria-hidden="true">
          {at + 1}/{siblings.length}
        </span>
      </span>
      <IconButton
        icon="chevronRight"
        label={t("chat.branch.next")}
        disabled={at === siblings.length - 1}
        onClick={go(at + 1)}
      />
    </span>
  );
}
