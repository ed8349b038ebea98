import { type DpopOptions, dpop } from "../../adapters/dpop.js";
import type { AccessTokenOptions } from "../../adapters/lib/access-token.js";
import { type IntrospectionOptions, introspection } from "../../adapters/lib/introspection.js";
import type { ProtectedResourceOptions } from "../../adapters/lib/protected-resource.js";
import { type StepUpOptions, stepUp } from "../../adapters/lib/step-up.js";

/** The options of a protected API as JSON, for a runtime in another process. */
export interface ApiRecipe extends Omit<AccessTokenOptions, "dpop" | "introspection" | "stepUp" | "resourceMetadata"> {
  readonly dpop?: DpopOptions;
  readonly introspection?: IntrospectionOptions;
  readonly stepUp?: StepUpOptions;
  readonly resource?: ProtectedResourceOptions;
}

/** The APIs of a server, by their paths. */
export type ApiRecipes = Readonly<Record<string, ApiRecipe>>;

/** The options that a recipe stands for. `metadataUrl`: of its resource. */
export function optionsOf(
  { resource: _resource, ...recipe }: ApiRecipe,
  metadataUrl: string | undefined,
  ports: Pick<AccessTokenOptions, "fetch" | "now" | "onRefused">,
): AccessTokenOptions {
  return {
    ...recipe,
    ...ports,
    dpop: recipe.dpop && dpop(recipe.dpop),
    introspection: recipe.introspection && introspection(recipe.introspection),
    stepUp: recipe.stepUp && stepUp(recipe.stepUp),
    resourceMetadata: metadataUrl,
  };
}
