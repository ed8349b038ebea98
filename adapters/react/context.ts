import { createContext, useContext, useSyncExternalStore } from "react";
import { MisuseError } from "../../core/errors.js";
import type { AuthModel, ModelState } from "./model.js";

export const AuthContext = /* @__PURE__ */ createContext<AuthModel | undefined>(undefined);

/** The model of the nearest provider. @throws MisuseError (`invalid_config`) outside of a provider */
export function useModel(): AuthModel {
  const model = useContext(AuthContext);
  if (model) return model;
  throw new MisuseError("invalid_config", "put an AuthProvider or SessionProvider above the component");
}

export const useModelState = (model: AuthModel): ModelState =>
  useSyncExternalStore(model.onChange, model.getState, () => model.serverState);
