// One part of the bench in a process of its own: what it measured goes to the process that asked.
// Who asked is gone: nobody wants to know any more.
process.once("disconnect", () => process.exit(1));
const [name, extent] = process.argv.slice(2);
const { run } = await import(`../parts/${name}.js`);
const part = await run({ quick: extent === "quick" });
process.send(part, () => process.exit(0));
