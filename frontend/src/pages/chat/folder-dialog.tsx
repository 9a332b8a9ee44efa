import type { ReactNode } from "react";
import { useFolderChanges, useFolders } from "@/chat/folders";
import { Dialog } from "@/components/dialog";
import { Field } from "@/components/field";
import { Form } from "@/components/form";
import { Icon } from "@/components/icon";
import { useWords } from "@/i18n";

interface Props {
  /** Where it is now; null: in none. */
  folderId: string | null;
  onChoose(folderId: string | null): void;
  onClose(): void;
}

/** Into which folder: one that there is, none, or a new one. */
export function FolderDialog({ folderId, onChoose, onClose }: Props): ReactNode {
  const { t } = useWords();
  const folders = useFolders();
  const { create } = useFolderChanges();
  const choose = (id: string | null): void => {
    onChoose(id);
    onClose();
  };
  const choices = [{ id: null, name: t("side.folder.none") }, ...folders];
  return (
    <Dialog title={t("side.folder.move")} onClose={onClose}>
      <ul className="choices">
        {choices.map(({ id, name }) => (
          <li key={id ?? "none"}>
            <button type="button" aria-pressed={id === folderId} onClick={() => choose(id)}>
              <Icon name={id === null ? "close" : "folder"} />
              <span className="grow">{name}</span>
              {id === folderId && <Icon name="check" />}
            </button>
          </li>
        ))}
      </ul>
      <Form
        submit={t("side.folder.create")}
        onSubmit={async ({ name = "" }) => {
          if (name.trim()) choose((await create.mutateAsync(name.trim())).id);
        }}
      >
        <Field label={t("side.folder.new")} name="name" maxLength={80} required />
      </Form>
    </Dialog>
  );
}
