/** Every page of the page, one row each. A page is loaded when somebody goes to it. */
import { type ComponentType, lazy } from "react";
import type { Params } from "@/router";

export interface PageProps {
  params: Params;
}

export interface Route {
  pattern: string;
  /** Who may see it: guests only (signing in), users, administrators, or everybody. */
  access: "guest" | "user" | "admin" | "public";
  page: ComponentType<PageProps>;
}

const ChatPage = lazy(() => import("@/pages/chat/chat-page"));
const AdminPage = lazy(() => import("@/pages/admin/admin-page"));

export const ROUTES: readonly Route[] = [
  { pattern: "/", access: "user", page: ChatPage },
  { pattern: "/c/:id", access: "user", page: ChatPage },
  { pattern: "/sign-in", access: "guest", page: lazy(() => import("@/pages/account/sign-in")) },
  { pattern: "/sign-up", access: "guest", page: lazy(() => import("@/pages/account/sign-up")) },
  { pattern: "/forgot-password", access: "guest", page: lazy(() => import("@/pages/account/forgot-password")) },
  { pattern: "/reset-password/:token", access: "public", page: lazy(() => import("@/pages/account/reset-password")) },
  { pattern: "/sign-in-failed/:code", access: "public", page: lazy(() => import("@/pages/account/sign-in-failed")) },
  { pattern: "/admin", access: "admin", page: AdminPage },
  { pattern: "/admin/:section", access: "admin", page: AdminPage },
  { pattern: "/verify-email/:token", access: "public", page: lazy(() => import("@/pages/account/verify-email")) },
  { pattern: "/account", access: "user", page: lazy(() => import("@/pages/account/profile")) },
  { pattern: "/account/security", access: "user", page: lazy(() => import("@/pages/account/security")) },
  { pattern: "/account/keys", access: "user", page: lazy(() => import("@/pages/account/keys")) },
  { pattern: "/account/data", access: "user", page: lazy(() => import("@/pages/account/data")) },
  { pattern: "/account/usage", access: "user", page: lazy(() => import("@/pages/usage/usage")) },
  { pattern: "/account/instructions", access: "user", page: lazy(() => import("@/pages/prompts/instructions")) },
  { pattern: "/account/routing", access: "user", page: lazy(() => import("@/pages/account/routing")) },
  { pattern: "/account/prompts", access: "user", page: lazy(() => import("@/pages/prompts/prompts")) },
  { pattern: "/account/shares", access: "user", page: lazy(() => import("@/pages/shares/shares")) },
  { pattern: "/shared/:token", access: "public", page: lazy(() => import("@/pages/shares/shared")) },
  { pattern: "/confirmed/:confirmation", access: "user", page: lazy(() => import("@/pages/account/confirmed")) },
];
