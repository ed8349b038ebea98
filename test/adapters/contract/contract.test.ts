import { columns } from "./columns.js";
import { runContract } from "./run.js";

runContract(columns);
