// Tells the parent, whenever it asks, how much processor time this process has used; ends with the parent.
process.on("message", () => process.send(process.cpuUsage()));
process.on("disconnect", () => process.exit(0));
