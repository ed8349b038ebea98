import { postgresSchema } from "../stores/postgres.js";
import { type Command, UsageError } from "./command.js";

export const schema: Command = {
  summary: "prints the statements that make the tables of a store",
  usage: "postgres [table]",
  details:
    "table: the first part of the names of both tables, with a schema if you like: auth.latchkey (default: latchkey)",
  run({ positionals: [kind, table, ...more] }, { print }) {
    if (kind !== "postgres" || more.length > 0) throw new UsageError("schema takes postgres, and the name of a table");
    print(postgresSchema(table));
    return 0;
  },
};
