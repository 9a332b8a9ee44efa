import { useQueryClient } from "@tanstack/react-query";
import { importFile } from "@/chat/transfer";
import { explained } from "@/components/form";
import { useToast } from "@/components/toasts";
import { useWords } from "@/i18n";
import { useApi } from "@/session/context";

/** Lets the user choose a file and takes in its conversations. */
export function useImport(): () => void {
  const { t } = useWords();
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  const take = async (file: File): Promise<void> => {
    toast(t("side.import.busy"));
    try {
      const { imported, skipped, failed } = await importFile(api, file);
      toast(t("side.import.done", { imported, skipped, failed: failed.length }));
      await queries.invalidateQueries({ queryKey: ["conversations"] });
    } catch (failure) {
      toast(explained(failure, t));
    }
  };
  return () => {
    const input = document.createElement("input");
    input.type = "file";
    input.accept = ".json,application/json";
    input.addEventListener("change", () => {
      const file = input.files?.[0];
      if (file) void take(file);
    });
    input.click();
  };
}
