import type { ReactNode } from "react";
import type { Prompt } from "@/api/prompts";
import { Dialog } from "@/components/dialog";
import { TextField } from "@/components/field";
import { Form } from "@/components/form";
import { useWords } from "@/i18n";
import { filled } from "@/pages/prompts/library";

interface Props {
  prompt: Prompt;
  onFilled(text: string): void;
  onClose(): void;
}

/** Asks what to put in for each variable of a prompt. */
export function FillDialog({ prompt, onFilled, onClose }: Props): ReactNode {
  const { t } = useWords();
  return (
    <Dialog title={prompt.title} onClose={onClose}>
      <Form submit={t("prompts.insert")} onSubmit={async (values) => onFilled(filled(prompt.text, values))}>
        {prompt.variables.map((name, index) => (
          <TextField key={name} label={name} name={name} rows={2} required autoFocus={index === 0} />
        ))}
      </Form>
    </Dialog>
  );
}
