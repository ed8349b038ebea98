import { createContext, useContext, useSyncExternalStore } from "react";
import { MisuseError } from "../../core/errors.js";
import type { AuthModel, ModelState } from "./model.js";

export const AuthContext = /* @__PURE__ */ createContext<AuthModel | undefined>(undefined);

/** @throws MisuseError (`ERR_CONFIG`) where no provider is above */
export function useModel(): AuthModel {
  const model = useContext(AuthContext);
  if (model) return model;
  throw new MisuseError(
    "ERR_CONFIG",
    "put an AuthProvider or a SessionProvider above the components that ask who is signed in",
  );
}

export const useModelState = (model: AuthModel): ModelState =>
  useSyncExternalStore(model.onChange, model.getState, () => model.serverState);
