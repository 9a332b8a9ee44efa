import type { ReactNode } from "react";
import { Button } from "@/components/button";
import { CopyButton } from "@/components/copy-button";
import { saveFile } from "@/components/save-file";
import { useWords } from "@/i18n";

const FILE = "aether-recovery-codes.txt";

/** Codes that stand in for the authenticator, shown this once. */
export function RecoveryCodeList({ codes, onDone }: { codes: string[]; onDone(): void }): ReactNode {
  const { t } = useWords();
  const text = `${codes.join("\n")}\n`;
  return (
    <div className="stack">
      <p>{t("factor.codes.text")}</p>
      <ul className="codes">
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
      <div className="row">
        <CopyButton text={text} label={t("factor.codes.copy")} />
        <Button onClick={() => saveFile(text, FILE)}>{t("factor.codes.download")}</Button>
        <span className="grow" />
        <Button kind="primary" onClick={onDone}>
          {t("factor.codes.kept")}
        </Button>
      </div>
    </div>
  );
}
