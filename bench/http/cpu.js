// Reports the processor time of this process when the parent asks; ends with the parent.
process.on("message", () => process.send(process.cpuUsage()));
process.on("disconnect", () => process.exit(0));
