import type { ReactNode } from "react";
import { Shell } from "@/pages/shell";
import type { PageProps } from "@/routes";

export default function ChatPage(_: PageProps): ReactNode {
  return <Shell>{null}</Shell>;
}
