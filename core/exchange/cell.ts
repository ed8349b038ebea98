/** A state or an event. */
export interface Named {
  readonly name: string;
}

/**
 * The cell of a machine's table for a state and an event.
 * @throws TypeError when there is none: the transition is illegal
 */
export function cellOf<Cell>(table: object, state: Named, event: Named): Cell {
  const cell = (table as Readonly<Record<string, Readonly<Record<string, Cell>>>>)[state.name]?.[event.name];
  if (!cell) throw new TypeError(`latchkey: ${state.name} got ${event.name}`);
  return cell;
}
