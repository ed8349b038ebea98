// Runs one part of the bench in its own process, and sends the results to the parent.
// If the parent has ended, no process reads the results.
process.once("disconnect", () => process.exit(1));
const [name, extent] = process.argv.slice(2);
const { run } = await import(`../parts/${name}.js`);
const part = await run({ quick: extent === "quick" });
process.send(part, () => process.exit(0));
