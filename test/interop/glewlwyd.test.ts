import { glewlwyd } from "./providers/glewlwyd.js";
import { runInterop } from "./run.js";

runInterop(glewlwyd);
