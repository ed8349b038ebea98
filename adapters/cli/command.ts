/** A flag of a command: `--name`, or `--name VALUE`. */
export interface Flag {
  readonly help: string;
  /** What the help calls the value of the flag. Absent for a flag without one. */
  readonly value?: string;
}

/** What a command was called with. */
export interface Arguments {
  readonly positionals: readonly string[];
  /** The flags that were given, by their names without the dashes; `true` for a flag without a value. */
  readonly flags: Readonly<Record<string, string | true | undefined>>;
}

/** The process that runs a command, as the command uses it. */
export interface Terminal {
  /** Prints lines for the reader. */
  print(text: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder of the app. */
  readonly folder: string;
  /** Whether a person sits in front of the terminal, and can be asked. */
  readonly isInteractive: boolean;
  /** Whether the output may have colours. */
  readonly hasColour: boolean;
  /** All of the standard input. */
  read(): Promise<string>;
  /** Asks the person in front of the terminal. */
  ask(question: string): Promise<string>;
  now(): number;
  readonly fetch: typeof globalThis.fetch;
}

/** A command of `npx latchkey`. */
export interface Command {
  /** One line for the list of commands. */
  readonly summary: string;
  /** The arguments beside the flags, as the help shows them. */
  readonly usage?: string;
  readonly flags?: Readonly<Record<string, Flag>>;
  /** Further lines of the help. */
  readonly details?: string;
  /**
   * Runs the command. Resolves to the exit code of the process.
   * @throws UsageError when the arguments are wrong
   */
  run(args: Arguments, terminal: Terminal): Promise<number> | number;
}

/** The command was called in a wrong way; the message says what is wrong. */
export class UsageError extends Error {
  override name = "UsageError";
}
