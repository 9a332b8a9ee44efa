import type { ReactNode } from "react";
import { Dialog } from "@/components/dialog";
import { Field } from "@/components/field";
import { Form } from "@/components/form";
import { useWords } from "@/i18n";

interface Props {
  title: string;
  label: string;
  value: string;
  longest: number;
  onSave(name: string): void | Promise<void>;
  onClose(): void;
}

/** Asks for a name. */
export function NameDialog({ title, label, value, longest, onSave, onClose }: Props): ReactNode {
  const { t } = useWords();
  return (
    <Dialog title={title} onClose={onClose}>
      <Form
        submit={t("common.save")}
        onSubmit={async ({ name = "" }) => {
          if (!name.trim()) return;
          await onSave(name.trim());
          onClose();
        }}
      >
        <Field label={label} name="name" defaultValue={value} maxLength={longest} required autoFocus />
      </Form>
    </Dialog>
  );
}
