/** What components find: the session, the API, and who is signed in. */
import { createContext, useContext, useSyncExternalStore } from "react";
import type { ApiClient } from "@/api/client";
import type { User } from "@/api/types";
import type { Answers } from "@/chat/answers";
import type { Connection } from "@/offline/connection";
import type { Session, SessionState } from "@/session/session";

export interface Services {
  session: Session;
  api: ApiClient;
  answers: Answers;
  connection: Connection;
}

const ServicesContext = createContext<Services | null>(null);

export const ServicesProvider = ServicesContext.Provider;

export function useServices(): Services {
  const services = useContext(ServicesContext);
  if (!services) throw new Error("There is no ServicesProvider around this component.");
  return services;
}

export function useApi(): ApiClient {
  return useServices().api;
}

export function useSession(): SessionState {
  const { session } = useServices();
  return useSyncExternalStore(session.subscribe, session.snapshot);
}

/** Who is signed in; for pages that only signed-in users see. */
export function useUser(): User {
  const state = useSession();
  if (state.status !== "signed-in") throw new Error("Nobody is signed in.");
  return state.user;
}
